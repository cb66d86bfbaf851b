import { Field, Float, ObjectType } from "type-graphql";

@ObjectType({ description: "One class in the compared runs." })
export class ClassComparison {
  @Field(() => String, { description: "The class." })
  name!: string;

  @Field(() => [Float], {
    nullable: "items",
    description:
      "F1 of each run's best checkpoint on the validation split, in the order of `runs`; null where a run lacks the " +
      "class, or was not evaluated yet, or has no F1 of it.",
  })
  f1!: readonly (number | null)[];
}
