import { Field, Int, ObjectType } from "type-graphql";
import { Split } from "./split.js";

@ObjectType({ description: "How many pictures a split has." })
export class SplitSummary {
  @Field(() => Split, { description: "Which split." })
  split!: Split;

  @Field(() => Int, { description: "Its pictures, of all classes together." })
  sampleCount!: number;
}
