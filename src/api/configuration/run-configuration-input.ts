import { Field, Float, InputType, Int } from "type-graphql";
import { AugmentationInput } from "./augmentation-input.js";
import { ClassWeightsInput } from "./class-weights-input.js";
import { Architecture, HeadKind, MonitoredMetric, Precision, Preprocessing } from "./enumerations.js";
import { InitializationInput } from "./initialization-input.js";
import { LearningRateInput } from "./learning-rate-input.js";
import { OptimizerInput } from "./optimizer-input.js";

@InputType({ description: "What follows the convolutions." })
export class HeadInput {
  @Field(() => HeadKind, {
    nullable: true,
    defaultValue: "FULLY_CONNECTED",
    description: "Which kind; null means FULLY_CONNECTED.",
  })
  kind?: HeadKind | null;

  @Field(() => Int, {
    nullable: true,
    defaultValue: 4096,
    description: "Units of each of the two hidden layers of FULLY_CONNECTED; null means 4096.",
  })
  units?: number | null;

  @Field(() => Float, {
    nullable: true,
    defaultValue: 0.5,
    description: "Fraction of activations dropped while training, in [0, 1); null means 0.5.",
  })
  dropout?: number | null;
}

@InputType({ description: "When to stop before the last epoch." })
export class EarlyStoppingInput {
  @Field(() => Int, {
    description: "Epochs without an improvement of the monitored metric to wait, at least 1.",
  })
  patience!: number;

  @Field(() => Float, {
    nullable: true,
    defaultValue: 0,
    description: "The least change that counts as an improvement, at least 0; null means 0.",
  })
  minDelta?: number | null;
}

@InputType({ description: "How to train; null means the same as leaving a field out." })
export class RunConfigurationInput {
  @Field(() => Architecture, { nullable: true, defaultValue: "VGG19", description: "Which convolutions." })
  architecture?: Architecture | null;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: "Whether batch normalisation follows every convolution.",
  })
  batchNormalization?: boolean | null;

  @Field(() => Float, {
    nullable: true,
    defaultValue: 1,
    description:
      "Multiplies the filters of every convolution; 1 is the published network, 0.25 a narrow one.",
  })
  widthMultiplier?: number | null;

  @Field(() => Int, {
    nullable: true,
    defaultValue: 224,
    description: "Height and width to bring pictures to, at least 32.",
  })
  imageSizePixels?: number | null;

  @Field(() => HeadInput, {
    nullable: true,
    description: "What follows the convolutions; null takes its defaults.",
  })
  head?: HeadInput | null;

  @Field(() => Preprocessing, {
    nullable: true,
    defaultValue: "SCALE_0_1",
    description: "What to do to a picture's values first.",
  })
  preprocessing?: Preprocessing | null;

  @Field(() => OptimizerInput, {
    nullable: true,
    description: "How gradients change the weights; null means Adam with its defaults.",
  })
  optimizer?: OptimizerInput | null;

  @Field(() => LearningRateInput, {
    nullable: true,
    description: "How fast to learn over the epochs; null means constantly 0.001.",
  })
  learningRate?: LearningRateInput | null;

  @Field(() => Int, { nullable: true, defaultValue: 32, description: "Pictures of one step, at least 1." })
  batchSize?: number | null;

  @Field(() => Int, {
    nullable: true,
    defaultValue: 1,
    description:
      "Parts that a batch is cut into, from 1 to `batchSize`: less memory, the same step. Batch normalisation sees " +
      "each part alone. Null means 1.",
  })
  accumulationSteps?: number | null;

  @Field(() => Int, {
    nullable: true,
    defaultValue: 10,
    description: "How often to go through the training pictures, at least 1.",
  })
  epochs?: number | null;

  @Field(() => Precision, {
    nullable: true,
    defaultValue: "AUTO",
    description: "The floating-point format to compute in; null means AUTO, the fastest on this machine.",
  })
  precision?: Precision | null;

  @Field(() => EarlyStoppingInput, { nullable: true, description: "When to stop early; null: never." })
  earlyStopping?: EarlyStoppingInput | null;

  @Field(() => MonitoredMetric, {
    nullable: true,
    defaultValue: "VALIDATION_TOP1",
    description: "Which metric chooses the best checkpoint and stops early.",
  })
  monitor?: MonitoredMetric | null;

  @Field(() => Int, {
    nullable: true,
    defaultValue: 0,
    description:
      "Draws the initial weights, the order of pictures, their changes and dropout: equal seeds repeat a run.",
  })
  seed?: number | null;

  @Field(() => InitializationInput, {
    nullable: true,
    description: "Which weights to begin with; null draws them at random.",
  })
  initialization?: InitializationInput | null;

  @Field(() => Int, {
    nullable: true,
    defaultValue: 0,
    description:
      "The first blocks of convolutions that keep their weights, from 0 to 5, which trains the head alone. Without " +
      "augmentation what they compute is kept, so later epochs are fast. Null means 0.",
  })
  frozenBlocks?: number | null;

  @Field(() => AugmentationInput, {
    nullable: true,
    description: "How training pictures are changed at random; null: not at all.",
  })
  augmentation?: AugmentationInput | null;

  @Field(() => Float, {
    nullable: true,
    defaultValue: 0,
    description:
      "Pulls the weights of convolutions and products towards 0, never biases or normalisation, at least 0: AdamW " +
      "takes rate * decay * weight off the weight, Adam and SGD add decay * weight to the gradient. Null means 0.",
  })
  weightDecay?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "Greatest norm of all gradients together, greater than 0; null: they are not clipped.",
  })
  gradientClipNorm?: number | null;

  @Field(() => Float, {
    nullable: true,
    defaultValue: 0,
    description:
      "Part of the probability that training spreads evenly over all classes, in [0, 1); null means 0.",
  })
  labelSmoothing?: number | null;

  @Field(() => ClassWeightsInput, {
    nullable: true,
    description: "How much a picture of each class counts in the training loss; null: all the same.",
  })
  classWeights?: ClassWeightsInput | null;

  @Field(() => Float, {
    nullable: true,
    description:
      "Minutes between checkpoints inside an epoch, from 0.01 to 1440: how much training a crash may cost where epochs " +
      "are long. Null: a checkpoint at the end of each epoch alone.",
  })
  checkpointEveryMinutes?: number | null;
}
