import { Field, Float, ObjectType } from "type-graphql";

@ObjectType({ description: "How much a picture of each class counts in a run's training loss." })
export class ClassWeights {
  @Field(() => Boolean, { description: "Whether they follow from how many pictures each class has." })
  balanced!: boolean;

  @Field(() => [Float], { description: "One for each class, in the order of `DatasetVersion.classes`." })
  weights!: readonly number[];
}
