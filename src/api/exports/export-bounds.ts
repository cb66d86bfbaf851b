import { Field, Float, InputType, ObjectType } from "type-graphql";
import type { ExportBounds as Bounds } from "../../exports/bounds.js";

@ObjectType({
  description:
    "The differences from the model version that an exported file may have; outside them it is REJECTED.",
})
export class ExportBounds implements Bounds {
  @Field(() => Float, {
    nullable: true,
    description: "Maximum difference of a probability, over all images and classes; null means unbounded.",
  })
  maximumProbabilityDifference!: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      "Minimum fraction of the images whose most probable class stays the same; null means unbounded.",
  })
  minimumTop1Agreement!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "Maximum fraction of the images by which the accuracy may be lower; null means unbounded.",
  })
  maximumAccuracyLoss!: number | null;
}

@InputType({
  description:
    "The bounds of an export. Each is a fraction from 0 to 1, and null means the default of the precision.",
})
export class ExportBoundsInput {
  @Field(() => Float, {
    nullable: true,
    description:
      "Maximum difference of a probability, over all images and classes. Null means 0.0001 for FLOAT32 and unbounded for " +
      "the other precisions; 1 is always met.",
  })
  maximumProbabilityDifference?: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      "Minimum fraction of the images whose most probable class stays the same. Null means 1 for FLOAT32, 0.995 for " +
      "FLOAT16 and 0.98 for INT8; 0 is always met.",
  })
  minimumTop1Agreement?: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      "Maximum fraction of the images by which the accuracy may be lower. Null means 0.005 for INT8 and unbounded for the " +
      "other precisions; 1 is always met.",
  })
  maximumAccuracyLoss?: number | null;
}
