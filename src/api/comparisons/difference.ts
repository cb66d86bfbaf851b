import { Field, ObjectType } from "type-graphql";

@ObjectType({ description: "A property that is not equal in all compared runs." })
export class Difference {
  @Field(() => String, { description: 'Path of the property, such as "learningRate.initial".' })
  path!: string;

  @Field(() => [String], {
    nullable: "items",
    description: "Value in each run as text, in the order of `runs`; null where a run has no value.",
  })
  values!: readonly (string | null)[];
}
