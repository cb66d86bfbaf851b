import { Field, Int, ObjectType } from "type-graphql";
import { DatasetVersion } from "../datasets/dataset-version.js";
import { Split } from "../datasets/split.js";
import { DateTime } from "../scalars.js";
import { ComparedModel } from "./compared-model.js";

@ObjectType({ description: "The machine that models were measured on: that of this server." })
export class MeasuringMachine {
  @Field(() => String, { description: "Model name of the processor." })
  processor!: string;

  @Field(() => Int, { description: "Number of threads of each model." })
  threads!: number;

  @Field(() => String, {
    nullable: true,
    description: "Model name of the GPU on which TensorFlow computes; null where it uses the processor.",
  })
  gpu!: string | null;
}

@ObjectType({
  description:
    "Model versions and exports side by side: accuracy, size, parameters, multiplications, time and memory, measured " +
    "together on this server's machine.",
})
export class ModelComparison {
  @Field(() => Split, { description: "The split whose images were classified." })
  split!: Split;

  @Field(() => DatasetVersion, {
    description:
      "The dataset version whose images were classified: the newest one that a compared model was trained on. Splits are " +
      "kept when a dataset grows, so that no model was trained on its test images.",
  })
  datasetVersion!: DatasetVersion;

  @Field(() => DateTime, {
    nullable: true,
    description: "When the measuring ended; null while the models are measured. Ask again then.",
  })
  measuredAt!: Date | null;

  @Field(() => MeasuringMachine, { description: "The machine." })
  machine!: MeasuringMachine;

  @Field(() => [ComparedModel], { description: "The models, in the requested order." })
  rows!: readonly ComparedModel[];
}
