import { Field, Float, Int, ObjectType } from "type-graphql";
import { SafeInt } from "../scalars.js";
import { Augmentation } from "./augmentation.js";
import { ClassWeights } from "./class-weights.js";
import { Architecture, HeadKind, MonitoredMetric, Precision, Preprocessing } from "./enumerations.js";
import { Initialization } from "./initialization.js";

@ObjectType({ description: "What follows the convolutions of a run's network." })
export class Head {
  @Field(() => HeadKind, { description: "Which kind." })
  kind!: HeadKind;

  @Field(() => Int, {
    description: "Units of each of the two hidden layers of FULLY_CONNECTED; otherwise unused.",
  })
  units!: number;

  @Field(() => Float, { description: "Fraction of activations dropped while training, in [0, 1)." })
  dropout!: number;
}

@ObjectType({ description: "How gradients change a run's weights." })
export class Optimizer {
  @Field(() => String, { description: '"adam", "adamW" or "sgd".' })
  kind!: string;

  @Field(() => Float, {
    nullable: true,
    description: "Adam, AdamW: decay of the mean gradient; null for SGD.",
  })
  beta1?: number;

  @Field(() => Float, {
    nullable: true,
    description: "Adam, AdamW: decay of the mean squared gradient; null for SGD.",
  })
  beta2?: number;

  @Field(() => Float, {
    nullable: true,
    description: "Adam, AdamW: keeps the division finite; null for SGD.",
  })
  epsilon?: number;

  @Field(() => Float, { nullable: true, description: "SGD: decay of the velocity; null for the others." })
  momentum?: number;

  @Field(() => Boolean, {
    nullable: true,
    description: "SGD: whether momentum is Nesterov's; null for the others.",
  })
  nesterov?: boolean;
}

@ObjectType({ description: "How fast a run learns over its epochs." })
export class LearningRate {
  @Field(() => String, { description: '"constant", "cosine", "exponentialDecay" or "step".' })
  kind!: string;

  @Field(() => Float, { description: "The rate after the warm-up." })
  initial!: number;

  @Field(() => Float, { description: "Epochs, or a part of one, over which the rate rises from 0." })
  warmupEpochs!: number;

  @Field(() => Float, { nullable: true, description: "Cosine: the rate at the end; null for the others." })
  minimum?: number;

  @Field(() => Float, {
    nullable: true,
    description:
      "Exponential decay, step: epochs after the warm-up in which the rate falls to `decayRate` times what it was; " +
      "null for the others.",
  })
  decayEpochs?: number;

  @Field(() => Float, {
    nullable: true,
    description:
      "Exponential decay, step: what is left of the rate after `decayEpochs`; null for the others.",
  })
  decayRate?: number;

  @Field(() => Boolean, {
    nullable: true,
    description:
      "Exponential decay, step: whether the rate falls at once after every `decayEpochs`, as a step does; null for " +
      "the others.",
  })
  staircase?: boolean;
}

@ObjectType({ description: "When a run stops before its last epoch." })
export class EarlyStopping {
  @Field(() => Int, { description: "Epochs without an improvement of the monitored metric that it waits." })
  patience!: number;

  @Field(() => Float, { description: "The least change that counts as an improvement." })
  minDelta!: number;
}

@ObjectType({ description: "How a run trains, with every default filled in. Only `extendRun` changes it." })
export class RunConfiguration {
  @Field(() => Architecture, { description: "Which convolutions." })
  architecture!: Architecture;

  @Field(() => Boolean, { description: "Whether batch normalisation follows every convolution." })
  batchNormalization!: boolean;

  @Field(() => Float, {
    description: "Multiplies the filters of every convolution; 1 is the published network.",
  })
  widthMultiplier!: number;

  @Field(() => Int, { description: "Height and width that pictures are brought to." })
  imageSizePixels!: number;

  @Field(() => Head, { description: "What follows the convolutions." })
  head!: Head;

  @Field(() => Preprocessing, { description: "What is done to a picture's values first." })
  preprocessing!: Preprocessing;

  @Field(() => Optimizer, { description: "How gradients change the weights." })
  optimizer!: Optimizer;

  @Field(() => LearningRate, { description: "How fast it learns over its epochs." })
  learningRate!: LearningRate;

  @Field(() => Int, { description: "Pictures of one step." })
  batchSize!: number;

  @Field(() => Int, {
    description: "Parts that a batch is cut into, to need less memory for the same step; 1: it is whole.",
  })
  accumulationSteps!: number;

  @Field(() => Int, {
    description: "How often it goes through the training pictures, unless it stops early.",
  })
  epochs!: number;

  @Field(() => Precision, {
    description: "The format to compute in that was asked for; what AUTO became is in `Run.environment`.",
  })
  precision!: Precision;

  @Field(() => EarlyStopping, { nullable: true, description: "When it stops early; null: never." })
  earlyStopping!: EarlyStopping | null;

  @Field(() => MonitoredMetric, { description: "Which metric chooses the best checkpoint." })
  monitor!: MonitoredMetric;

  @Field(() => Int, {
    description: "Draws the initial weights, the order of pictures, their changes and dropout.",
  })
  seed!: number;

  @Field(() => Initialization, { description: "Which weights it begins with." })
  initialization!: Initialization;

  @Field(() => Int, {
    description:
      "The first blocks of convolutions that keep their weights, from 0 to 5: the head alone learns.",
  })
  frozenBlocks!: number;

  @Field(() => Augmentation, { description: "How its training pictures are changed at random." })
  augmentation!: Augmentation;

  @Field(() => Float, {
    description: "Pulls the weights of convolutions and products towards 0; 0 does not.",
  })
  weightDecay!: number;

  @Field(() => Float, {
    nullable: true,
    description: "Greatest norm of all gradients together; null: they are not clipped.",
  })
  gradientClipNorm!: number | null;

  @Field(() => Float, {
    description: "Part of the probability that training spreads evenly over all classes, in [0, 1).",
  })
  labelSmoothing!: number;

  @Field(() => ClassWeights, {
    nullable: true,
    description: "How much a picture of each class counts in the training loss; null: all the same.",
  })
  classWeights!: ClassWeights | null;

  @Field(() => Float, {
    nullable: true,
    description:
      "Minutes between checkpoints inside an epoch; null: a checkpoint at the end of each epoch alone.",
  })
  checkpointEveryMinutes!: number | null;

  @Field(() => [Int], {
    description:
      "After which epochs it had ended and was extended with `extendRun`; empty: it never was. Patience counts anew after " +
      "each, and schedules follow the new `epochs` from there on.",
  })
  extendedAfterEpochs!: readonly number[];

  @Field(() => SafeInt, {
    description: "Numbers that the network holds, counted as Keras does: weights and moving statistics.",
  })
  parameterCount!: number;
}
