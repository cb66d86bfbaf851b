import { Field, Float, Int, ObjectType } from "type-graphql";
import { Split } from "../datasets/split.js";
import { MetricValue } from "../metrics/metric-value.js";

@ObjectType({
  description:
    "How a run's best checkpoint does on a split. The prediction for every picture is in the artifact " +
    '"predictions-validation.npy" or "predictions-test.npy", which NumPy reads.',
})
export class Evaluation {
  @Field(() => Split, { description: "What it was measured on." })
  split!: Split;

  @Field(() => Int, { description: "Pictures of the split." })
  sampleCount!: number;

  @Field(() => MetricValue, {
    description: "Mean cross-entropy, without label smoothing and class weights, so that runs compare.",
  })
  loss!: number;

  @Field(() => Float, {
    description: "Fraction of pictures whose likeliest class is the true one, from 0 to 1.",
  })
  top1!: number;

  @Field(() => Float, {
    description: "Fraction of pictures whose true class is among the five likeliest, from 0 to 1.",
  })
  top5!: number;

  @Field(() => Float, {
    description:
      "How far probabilities are from the truth, from 0 to 1: of pictures classified with a probability of 0.8, " +
      "0.8 should be right. Over 15 bins of the likeliest class's probability (Guo et al., 2017).",
  })
  expectedCalibrationError!: number;
}
