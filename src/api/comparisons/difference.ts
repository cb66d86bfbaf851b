import { Field, ObjectType } from "type-graphql";

@ObjectType({ description: "Something in which the compared runs are not all equal." })
export class Difference {
  @Field(() => String, { description: 'What differs, such as "learningRate.initial".' })
  path!: string;

  @Field(() => [String], {
    nullable: "items",
    description: "Its value in each run as text, in the order of `runs`; null where a run has none.",
  })
  values!: readonly (string | null)[];
}
