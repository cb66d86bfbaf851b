import { Field, Int, ObjectType } from "type-graphql";
import { Split } from "./split.js";

@ObjectType({ description: "Number of images in one split." })
export class SplitSummary {
  @Field(() => Split, { description: "The split." })
  split!: Split;

  @Field(() => Int, { description: "Number of images of all classes together." })
  sampleCount!: number;
}
