import { Field, Float, Int, ObjectType } from "type-graphql";
import { Split } from "../datasets/split.js";
import { MetricValue } from "../metrics/metric-value.js";

@ObjectType({
  description:
    `Scores of a checkpoint on one split. For the best checkpoint of a run, the artifacts "predictions-validation.npy" and ` +
    '"predictions-test.npy" hold the prediction for every image and can be read with NumPy.',
})
export class Evaluation {
  @Field(() => Split, { description: "The split that was evaluated." })
  split!: Split;

  @Field(() => Int, { description: "Epoch of the run at whose end the checkpoint was saved, from 1." })
  epoch!: number;

  @Field(() => Int, { description: "Number of images in the split." })
  sampleCount!: number;

  @Field(() => MetricValue, {
    description: "Mean cross-entropy without label smoothing and class weights, so that runs are comparable.",
  })
  loss!: number;

  @Field(() => Float, {
    description: "Fraction of images whose most likely class is the true one, from 0 to 1.",
  })
  top1!: number;

  @Field(() => Float, {
    description: "Fraction of images whose true class is among the five most likely, from 0 to 1.",
  })
  top5!: number;

  @Field(() => Float, {
    description:
      "Expected calibration error, from 0 to 1: the mean difference between the predicted probability and " +
      "the accuracy. Of images classified with a probability of 0.8, 80 % should be correct. Computed " +
      "over 15 bins of the most likely class's probability (Guo et al., 2017). It has no interval, and neither has the " +
      "loss: only accuracies have.",
  })
  expectedCalibrationError!: number;
}
