import type {
  Architecture,
  FillMode,
  HeadKind,
  MonitoredMetric,
  Precision,
  Preprocessing,
} from "./enumerations.js";

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
  /** Pictures of one optimiser step, however many parts accumulation cuts it into. */
  readonly batchSize: number;
  /** Parts of a batch whose gradients are added up before the weights change; 1: the batch whole. */
  readonly accumulationSteps: number;
  readonly epochs: number;
  /** As asked for; what AUTO became is in the run's environment. */
  readonly precision: Precision;
  readonly earlyStopping: EarlyStopping | null;
  readonly monitor: MonitoredMetric;
  readonly seed: number;
  readonly initialization: Initialization;
  /** The first blocks of convolutions that do not learn, 0 to 5; 5 leaves the head alone. */
  readonly frozenBlocks: number;
  readonly augmentation: Augmentation;
  /**
   * Pulls kernels towards 0, never biases or normalisation. As in PyTorch: AdamW takes learningRate *
   * weightDecay * kernel off the kernel itself (Loshchilov and Hutter, 2019), Adam and SGD add
   * weightDecay * kernel to the gradient.
   */
  readonly weightDecay: number;
  /** Greatest norm of all gradients together; null: they are not clipped. */
  readonly gradientClipNorm: number | null;
  /** Part of the probability that is spread over all classes, in [0, 1). */
  readonly labelSmoothing: number;
  /** Null: every sample counts the same. */
  readonly classWeights: ClassWeights | null;
  /** Minutes between checkpoints inside an epoch, beside the one at its end; null: only that one. */
  readonly checkpointEveryMinutes: number | null;
  /**
   * After which epochs the run had ended and was extended, in their order; empty: it never was. Patience counts
   * anew after each of them, and schedules follow the new total from there on.
   */
  readonly extendedAfterEpochs: readonly number[];
}

/** Where the first weights come from. What does not fit another number of classes starts at random. */
export type Initialization =
  | { readonly kind: "random" }
  | { readonly kind: "modelVersion"; readonly modelVersionId: string }
  /** An imported weights file, kept as a blob under its digest. */
  | { readonly kind: "weights"; readonly sha256: string };

/**
 * Random changes of training pictures. Each amount is the most that happens to a picture, drawn anew
 * for every sample and epoch: shifts and zoom as fractions of the side, brightness as a fraction of
 * white, contrast as a factor from 1 - contrast to 1 + contrast.
 */
export interface Augmentation {
  readonly horizontalFlip: boolean;
  readonly verticalFlip: boolean;
  readonly rotationDegrees: number;
  readonly widthShift: number;
  readonly heightShift: number;
  readonly zoom: number;
  readonly brightness: number;
  readonly contrast: number;
  readonly fillMode: FillMode;
}

/** Pictures are trained on as they are. */
export const NO_AUGMENTATION: Augmentation = {
  horizontalFlip: false,
  verticalFlip: false,
  rotationDegrees: 0,
  widthShift: 0,
  heightShift: 0,
  zoom: 0,
  brightness: 0,
  contrast: 0,
  fillMode: "REFLECT",
};

/** How much a sample of each class counts in the training loss, in the order of the classes. */
export interface ClassWeights {
  /** Whether they were derived from the training split: samples / (classes * samples of the class). */
  readonly balanced: boolean;
  readonly weights: readonly number[];
}

export interface Head {
  readonly kind: HeadKind;
  /** Units of each of the two hidden layers; unused by GLOBAL_AVERAGE_POOLING. */
  readonly units: number;
  /** Fraction of activations dropped while training, in [0, 1). */
  readonly dropout: number;
}

export type Optimizer =
  /** They differ in what the run's weight decay does. */
  | {
      readonly kind: "adam" | "adamW";
      readonly beta1: number;
      readonly beta2: number;
      readonly epsilon: number;
    }
  | { readonly kind: "sgd"; readonly momentum: number; readonly nesterov: boolean };

export type LearningRate =
  | { readonly kind: "constant"; readonly initial: number; readonly warmupEpochs: number }
  | {
      readonly kind: "cosine";
      readonly initial: number;
      readonly minimum: number;
      readonly warmupEpochs: number;
    }
  /** A step is the staircase of an exponential decay. */
  | {
      readonly kind: "exponentialDecay" | "step";
      readonly initial: number;
      /** Epochs after the warm-up in which the rate falls to `decayRate` times what it was. */
      readonly decayEpochs: number;
      readonly decayRate: number;
      /** Whether it falls at once at the end of every `decayEpochs`, and not little by little. */
      readonly staircase: boolean;
      readonly warmupEpochs: number;
    };

export interface EarlyStopping {
  /** Epochs without an improvement of at least `minDelta` before the run ends. */
  readonly patience: number;
  readonly minDelta: number;
}
