import { Field, Int, ObjectType } from "type-graphql";
import { connectionType } from "../relay/connection.js";

@ObjectType({ description: "Images of one class that are classified as one class." })
export class ConfusionCell {
  @Field(() => String, { description: "Name of the class that the images belong to." })
  trueClass!: string;

  @Field(() => String, { description: "Name of the class that is predicted for them." })
  predictedClass!: string;

  @Field(() => Int, { description: "Number of these images in the split, at least 1." })
  sampleCount!: number;
}

export const ConfusionCellConnection = connectionType(() => ConfusionCell, {
  name: "ConfusionCell",
  listed: "cells of a confusion matrix that are not zero, those with the most images first",
  counted: true,
});
