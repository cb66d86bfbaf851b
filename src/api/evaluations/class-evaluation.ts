import { Field, Float, Int, ObjectType } from "type-graphql";

@ObjectType({ description: "Scores of a checkpoint on the images of one class." })
export class ClassEvaluation {
  @Field(() => String, { description: "Name of the class." })
  name!: string;

  @Field(() => Float, {
    nullable: true,
    description:
      "Fraction of correct predictions among the images classified as this class, from 0 to 1; null when " +
      "there are none.",
  })
  precision!: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      "Fraction of this class's images that are classified correctly, from 0 to 1; null when the split " +
      "has none.",
  })
  recall!: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      "Harmonic mean of precision and recall, from 0 to 1; null when the class neither occurs nor is " +
      "predicted.",
  })
  f1!: number | null;

  @Field(() => Int, { description: "Number of images of this class in the split." })
  support!: number;
}
