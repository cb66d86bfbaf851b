import { Field, InputType } from "type-graphql";
import { Split } from "../datasets/split.js";

@InputType({ description: "Which pictures to list; what is left out does not restrict." })
export class SampleFilter {
  @Field(() => String, { nullable: true, description: "Only this class, by its name; null means all." })
  className?: string | null;

  @Field(() => Split, { nullable: true, description: "Only this split; null means all." })
  split?: Split | null;
}
