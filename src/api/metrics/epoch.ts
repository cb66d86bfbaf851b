import { Field, Float, Int, ObjectType } from "type-graphql";
import { MetricValue } from "./metric-value.js";

@ObjectType({
  description: "Figures of one epoch. Losses are means over pictures, accuracies fractions from 0 to 1.",
})
export class Epoch {
  @Field(() => Int, { description: "Counts from 1." })
  number!: number;

  @Field(() => MetricValue, {
    description: "Mean cross-entropy over the training pictures, as they were trained.",
  })
  trainLoss!: number;

  @Field(() => MetricValue, { description: "Mean cross-entropy over the validation pictures." })
  validationLoss!: number;

  @Field(() => MetricValue, { description: "Fraction of training pictures whose likeliest class was right." })
  trainTop1!: number;

  @Field(() => MetricValue, {
    description: "Fraction of validation pictures whose likeliest class is right.",
  })
  validationTop1!: number;

  @Field(() => MetricValue, {
    description: "Fraction of validation pictures whose class is among the five likeliest.",
  })
  validationTop5!: number;

  @Field(() => Float, { description: "Learning rate of its last batch." })
  learningRate!: number;

  @Field(() => Float, { description: "Pictures trained per second, validation left out." })
  imagesPerSecond!: number;

  @Field(() => Float, { description: "How long it took, validation and checkpoint included." })
  seconds!: number;
}
