import type { Architecture, HeadKind, MonitoredMetric, Precision, Preprocessing } from "./enumerations.js";

/**
 * How a run trains, with every default filled in: what is stored on the run, compared between runs
 * and turned into a graph. Launching resolves user input into this once; nothing else guesses.
 */
export interface RunConfiguration {
  readonly architecture: Architecture;
  readonly batchNormalization: boolean;
  /** Multiplies the filters of every convolution; 1 is the published network. */
  readonly widthMultiplier: number;
  /** Height and width of the square pictures fed to the network. */
  readonly imageSizePixels: number;
  readonly head: Head;
  readonly preprocessing: Preprocessing;
  readonly optimizer: Optimizer;
  readonly learningRate: LearningRate;
  readonly batchSize: number;
  readonly epochs: number;
  readonly precision: Precision;
  readonly earlyStopping: EarlyStopping | null;
  readonly monitor: MonitoredMetric;
  readonly seed: number;
}

export interface Head {
  readonly kind: HeadKind;
  /** Units of each of the two hidden layers; unused by GLOBAL_AVERAGE_POOLING. */
  readonly units: number;
  /** Fraction of activations dropped while training, in [0, 1). */
  readonly dropout: number;
}

export type Optimizer =
  | { readonly kind: "adam"; readonly beta1: number; readonly beta2: number; readonly epsilon: number }
  | { readonly kind: "sgd"; readonly momentum: number; readonly nesterov: boolean };

export type LearningRate =
  | { readonly kind: "constant"; readonly initial: number; readonly warmupEpochs: number }
  | {
      readonly kind: "cosine";
      readonly initial: number;
      readonly minimum: number;
      readonly warmupEpochs: number;
    };

export interface EarlyStopping {
  /** Epochs without an improvement of at least `minDelta` before the run ends. */
  readonly patience: number;
  readonly minDelta: number;
}
