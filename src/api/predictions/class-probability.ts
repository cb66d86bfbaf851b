import { Field, Float, ObjectType } from "type-graphql";

@ObjectType({ description: "A class, and how likely it is." })
export class ClassProbability {
  @Field(() => String, { description: "Name of the class." })
  label!: string;

  @Field(() => Float, { description: "From 0 to 1; those of all classes add up to 1." })
  probability!: number;
}
