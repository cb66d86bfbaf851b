import { Field, Float, Int, ObjectType } from "type-graphql";
import { SafeInt } from "../scalars.js";
import { Architecture, HeadKind, MonitoredMetric, Precision, Preprocessing } from "./enumerations.js";

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
  @Field(() => String, { description: '"adam" or "sgd".' })
  kind!: string;

  @Field(() => Float, { nullable: true, description: "Adam: decay of the mean gradient; null for SGD." })
  beta1?: number;

  @Field(() => Float, {
    nullable: true,
    description: "Adam: decay of the mean squared gradient; null for SGD.",
  })
  beta2?: number;

  @Field(() => Float, { nullable: true, description: "Adam: keeps the division finite; null for SGD." })
  epsilon?: number;

  @Field(() => Float, { nullable: true, description: "SGD: decay of the velocity; null for Adam." })
  momentum?: number;

  @Field(() => Boolean, {
    nullable: true,
    description: "SGD: whether momentum is Nesterov's; null for Adam.",
  })
  nesterov?: boolean;
}

@ObjectType({ description: "How fast a run learns over its epochs." })
export class LearningRate {
  @Field(() => String, { description: '"constant" or "cosine".' })
  kind!: string;

  @Field(() => Float, { description: "The rate after the warm-up." })
  initial!: number;

  @Field(() => Float, { description: "Epochs, or a part of one, over which the rate rises from 0." })
  warmupEpochs!: number;

  @Field(() => Float, { nullable: true, description: "Cosine: the rate at the end; null for constant." })
  minimum?: number;
}

@ObjectType({ description: "When a run stops before its last epoch." })
export class EarlyStopping {
  @Field(() => Int, { description: "Epochs without an improvement of the monitored metric that it waits." })
  patience!: number;

  @Field(() => Float, { description: "The least change that counts as an improvement." })
  minDelta!: number;
}

@ObjectType({ description: "How a run trains, with every default filled in. It never changes." })
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
    description: "How often it goes through the training pictures, unless it stops early.",
  })
  epochs!: number;

  @Field(() => Precision, { description: "The floating-point format to compute in." })
  precision!: Precision;

  @Field(() => EarlyStopping, { nullable: true, description: "When it stops early; null: never." })
  earlyStopping!: EarlyStopping | null;

  @Field(() => MonitoredMetric, { description: "Which metric chooses the best checkpoint." })
  monitor!: MonitoredMetric;

  @Field(() => Int, { description: "Draws the initial weights, the order of pictures and dropout." })
  seed!: number;

  @Field(() => SafeInt, {
    description: "Numbers that the network holds, counted as Keras does: weights and moving statistics.",
  })
  parameterCount!: number;
}
