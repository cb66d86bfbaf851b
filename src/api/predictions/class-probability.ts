import { Field, Float, ObjectType } from "type-graphql";

@ObjectType({ description: "A class and its probability." })
export class ClassProbability {
  @Field(() => String, { description: "Name of the class." })
  label!: string;

  @Field(() => Float, {
    description: "Probability from 0 to 1. The probabilities of all classes add up to 1.",
  })
  probability!: number;
}
