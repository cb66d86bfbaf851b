import { Field, InputType } from "type-graphql";
import { Split } from "../datasets/split.js";

@InputType({ description: "Which images to list. Missing fields do not restrict the list." })
export class SampleFilter {
  @Field(() => String, { nullable: true, description: "Name of the class; null means any." })
  className?: string | null;

  @Field(() => Split, { nullable: true, description: "The split; null means any." })
  split?: Split | null;
}
