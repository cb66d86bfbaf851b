import { Field, Float, Int, ObjectType } from "type-graphql";

@ObjectType({ description: "How a run's best checkpoint does on the pictures of one class." })
export class ClassEvaluation {
  @Field(() => String, { description: "The class." })
  name!: string;

  @Field(() => Float, {
    nullable: true,
    description: "Of the pictures classified as it, the fraction that is; null when none was.",
  })
  precision!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "Of its pictures, the fraction classified as it; null when the split has none.",
  })
  recall!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "Harmonic mean of precision and recall; null when the class neither occurs nor was named.",
  })
  f1!: number | null;

  @Field(() => Int, { description: "Its pictures in the split." })
  support!: number;
}
