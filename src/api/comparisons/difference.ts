import { Field, ObjectType } from "type-graphql";

@ObjectType({ description: "A property that is not equal in all compared runs." })
export class Difference {
  @Field(() => String, { description: 'Path of the property, such as "learningRate.initial".' })
  path!: string;

  @Field(() => [String], {
    nullable: "items",
    description:
      "Value in each run as text, in the order of `runs`; null where a run has no value, or where the setting has no " +
      "effect. The items of a list are separated by commas, and texts in a list are quoted: '1, 2.5' or '\"oak\", \"ash, " +
      "young\"'.",
  })
  values!: readonly (string | null)[];
}
