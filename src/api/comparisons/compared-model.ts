import { Field, FieldResolver, ObjectType, Resolver, Root } from "type-graphql";
import type { ComparisonRow } from "../../exports/comparison/model-comparer.js";
import { ModelExport } from "../exports/model-export.js";
import { ModelVersion } from "../models/model-version.js";
import { SafeInt } from "../scalars.js";
import { ModelMeasurement, modelMeasurementOf } from "./model-measurement.js";

@ObjectType({ description: "A row of a comparison: a model version, or an export of it." })
export class ComparedModel {
  @Field(() => String, { description: "The reference or the id, as it was given." })
  ref!: string;

  @Field(() => ModelVersion, { description: "The version, also of an export." })
  modelVersion!: ModelVersion;

  @Field(() => ModelExport, {
    nullable: true,
    description: "The export; null for the version itself, as Espalier serves it.",
  })
  modelExport!: ModelExport | null;

  @Field(() => SafeInt, {
    description:
      "Multiplications, each with its addition, that convolutions and dense layers need for one image; a pruned " +
      "network's are those of its own widths. An export has the number of its version.",
  })
  multiplications!: number;

  @Field(() => SafeInt, {
    description: "Size of the file of an export, or of all files of a version, in bytes.",
  })
  sizeBytes!: number;
}

@Resolver(() => ComparedModel)
export class ComparedModelResolver {
  @FieldResolver(() => SafeInt, {
    description:
      "Number of parameters of the network, moving statistics included. An export has the number of its version, though " +
      "its batch normalization is part of its convolutions.",
  })
  parameterCount(@Root() { modelVersion }: ComparisonRow): number {
    return modelVersion.parameterCount;
  }

  @FieldResolver(() => ModelMeasurement, {
    nullable: true,
    description:
      "What was measured; null while the models are measured, and where `notMeasuredReason` says that they cannot be.",
  })
  measurement(@Root() { measurement }: ComparisonRow): ModelMeasurement | null {
    return modelMeasurementOf(measurement);
  }

  @FieldResolver(() => String, {
    nullable: true,
    description:
      "Why there is no measurement although the comparison was measured, such as a Keras export where `ESPALIER_PYTHON` " +
      "names no Python; otherwise null.",
  })
  notMeasuredReason(@Root() { measurement }: ComparisonRow): string | null {
    return measurement?.status === "NOT_MEASURED" ? measurement.reason : null;
  }
}
