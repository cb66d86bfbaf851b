import { Field, Float, ObjectType } from "type-graphql";

@ObjectType({ description: "One class in the compared runs." })
export class ClassComparison {
  @Field(() => String, { description: "Name of the class." })
  name!: string;

  @Field(() => [Float], {
    nullable: "items",
    description:
      "F1 score of each run's best checkpoint on the validation split, in the order of `runs`, from 0 to " +
      "1; null where a run does not have the class, has no evaluation yet, or has no F1 score for the " +
      "class.",
  })
  f1!: readonly (number | null)[];
}
