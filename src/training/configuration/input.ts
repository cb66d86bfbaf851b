import type {
  Architecture,
  HeadKind,
  MonitoredMetric,
  Precision,
  Preprocessing,
} from "../../core/enumerations.js";
import type { Augmentation } from "../../core/run-configuration.js";
import type { Given } from "./checks.js";

/** What a user says about a run: the contract's input. A field that is null or absent has its default. */
export interface RunConfigurationInput {
  readonly architecture?: Given<Architecture>;
  readonly batchNormalization?: Given<boolean>;
  readonly widthMultiplier?: Given<number>;
  readonly imageSizePixels?: Given<number>;
  readonly head?: Given<HeadInput>;
  readonly preprocessing?: Given<Preprocessing>;
  readonly optimizer?: Given<OptimizerInput>;
  readonly learningRate?: Given<LearningRateInput>;
  readonly batchSize?: Given<number>;
  readonly epochs?: Given<number>;
  readonly precision?: Given<Precision>;
  readonly earlyStopping?: Given<EarlyStoppingInput>;
  readonly monitor?: Given<MonitoredMetric>;
  readonly seed?: Given<number>;
  readonly accumulationSteps?: Given<number>;
  readonly initialization?: Given<InitializationInput>;
  readonly frozenBlocks?: Given<number>;
  readonly augmentation?: Given<AugmentationInput>;
  readonly weightDecay?: Given<number>;
  readonly gradientClipNorm?: Given<number>;
  readonly labelSmoothing?: Given<number>;
  readonly classWeights?: Given<ClassWeightsInput>;
  readonly checkpointEveryMinutes?: Given<number>;
}

export interface HeadInput {
  readonly kind?: Given<HeadKind>;
  readonly units?: Given<number>;
  readonly dropout?: Given<number>;
}

/** Exactly one field. */
export interface OptimizerInput {
  readonly adam?: Given<AdamInput>;
  readonly adamW?: Given<AdamInput>;
  readonly sgd?: Given<SgdInput>;
}

export interface AdamInput {
  readonly beta1?: Given<number>;
  readonly beta2?: Given<number>;
  readonly epsilon?: Given<number>;
}

export interface SgdInput {
  readonly momentum?: Given<number>;
  readonly nesterov?: Given<boolean>;
}

/** Exactly one field. */
export interface LearningRateInput {
  readonly constant?: Given<ConstantRateInput>;
  readonly cosine?: Given<CosineInput>;
  readonly exponentialDecay?: Given<ExponentialDecayInput>;
  readonly step?: Given<StepInput>;
}

export interface ConstantRateInput {
  readonly initial: number;
  readonly warmupEpochs?: Given<number>;
}

export interface CosineInput {
  readonly initial: number;
  readonly minimum?: Given<number>;
  readonly warmupEpochs?: Given<number>;
}

export interface ExponentialDecayInput {
  readonly initial: number;
  readonly decayEpochs: number;
  readonly decayRate: number;
  readonly staircase?: Given<boolean>;
  readonly warmupEpochs?: Given<number>;
}

export interface StepInput {
  readonly initial: number;
  readonly dropEveryEpochs: number;
  readonly factor?: Given<number>;
  readonly warmupEpochs?: Given<number>;
}

/** Exactly one field. */
export interface InitializationInput {
  readonly modelVersion?: Given<string>;
  readonly uploadId?: Given<string>;
}

export type AugmentationInput = {
  readonly [Setting in keyof Augmentation]?: Given<Augmentation[Setting]>;
};

/** Exactly one field. */
export interface ClassWeightsInput {
  readonly balanced?: Given<boolean>;
  readonly weights?: Given<readonly number[]>;
}

export interface EarlyStoppingInput {
  readonly patience: number;
  readonly minDelta?: Given<number>;
}
