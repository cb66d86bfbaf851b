import type { Metric } from "./metric.js";

/** Means over the samples of a split: a loss, and fractions of samples from 0 to 1. */
export interface SplitFigures {
  readonly loss: number;
  readonly top1: number;
  readonly top5: number;
}

/** The measurements of an epoch, from which its metrics are taken. */
export interface EpochMeasurements {
  readonly train: SplitFigures;
  readonly validation: SplitFigures;
  /** Rate of the epoch's last step. */
  readonly learningRate: number;
  readonly imagesPerSecond: number;
}

interface EpochMetricFacts extends Metric {
  readonly source: (measured: EpochMeasurements) => number;
  /** Whether it is a number that GraphQL's Float takes, never NaN or infinite. */
  readonly alwaysFinite: boolean;
  /** Value of the setting `monitor` that selects it; a metric without one cannot be monitored. */
  readonly monitor?: string;
  /** Minimum number of classes with which its value can differ between epochs; absent: 2. */
  readonly minClasses?: number;
}

const LOSS = {
  unit: null,
  better: "lower",
  dependsOnLoss: true,
  deterministic: true,
  alwaysFinite: false,
} as const;
const ACCURACY = {
  unit: null,
  better: "higher",
  dependsOnLoss: false,
  deterministic: true,
  alwaysFinite: false,
} as const;

/**
 * The metrics that every run records once an epoch, by the name of their field in an epoch. The record of an epoch, its
 * API type, metric points, TensorBoard's scalars, the words of the setting `monitor`, comparisons and docs/metrics.md
 * are derived from this table. An epoch that was stored before a metric existed is NaN in it.
 */
export const EPOCH_METRICS = {
  trainLoss: {
    ...LOSS,
    key: "train.loss",
    label: "Training loss",
    description:
      "Mean of the loss that training minimizes over the training images, each measured in the step that trains on it: " +
      "the cross-entropy, with `distillation` together with the distance from the teacher's outputs.",
    source: ({ train }) => train.loss,
  },
  trainTop1: {
    ...ACCURACY,
    key: "train.top1",
    label: "Training top-1 accuracy",
    description:
      "Fraction of training images whose most probable class is right, measured like the training loss.",
    source: ({ train }) => train.top1,
  },
  trainTop5: {
    ...ACCURACY,
    key: "train.top5",
    label: "Training top-5 accuracy",
    description:
      "Fraction of training images whose class is among the five most probable, measured like the training loss.",
    source: ({ train }) => train.top5,
  },
  validationLoss: {
    ...LOSS,
    key: "validation.loss",
    label: "Validation loss",
    description: "Mean cross-entropy over the validation images.",
    source: ({ validation }) => validation.loss,
    monitor: "VALIDATION_LOSS",
  },
  validationTop1: {
    ...ACCURACY,
    key: "validation.top1",
    label: "Validation top-1 accuracy",
    description: "Fraction of validation images whose most probable class is right.",
    source: ({ validation }) => validation.top1,
    monitor: "VALIDATION_TOP1",
  },
  validationTop5: {
    ...ACCURACY,
    key: "validation.top5",
    label: "Validation top-5 accuracy",
    description: "Fraction of validation images whose class is among the five most probable.",
    source: ({ validation }) => validation.top5,
    monitor: "VALIDATION_TOP5",
    minClasses: 6,
  },
  learningRate: {
    key: "learning_rate",
    label: "Learning rate",
    description: "Learning rate of the epoch's last step.",
    source: ({ learningRate }) => learningRate,
    unit: null,
    better: null,
    dependsOnLoss: false,
    deterministic: true,
    alwaysFinite: true,
  },
  imagesPerSecond: {
    key: "images_per_second",
    label: "Throughput",
    description: "Training throughput, without validation.",
    source: ({ imagesPerSecond }) => imagesPerSecond,
    unit: "images per second",
    better: "higher",
    dependsOnLoss: false,
    deterministic: false,
    alwaysFinite: true,
  },
} as const satisfies Readonly<Record<string, EpochMetricFacts>>;

export type EpochMetricName = keyof typeof EPOCH_METRICS;
/** One value of each metric. */
export type EpochMetricValues = Readonly<Record<EpochMetricName, number>>;

export const EPOCH_METRIC_NAMES = Object.keys(EPOCH_METRICS) as readonly EpochMetricName[];

/** The metric that every run records for each step. */
export const BATCH_LOSS: Metric = {
  key: "batch.loss",
  label: "Batch loss",
  description: "Mean cross-entropy over the images of one batch, for every step.",
  unit: null,
  better: "lower",
  dependsOnLoss: true,
  deterministic: true,
};

const METRICS_BY_KEY: ReadonlyMap<string, Metric> = new Map(
  [...Object.values<Metric>(EPOCH_METRICS), BATCH_LOSS].map((metric) => [metric.key, metric]),
);

export const METRIC_KEYS: readonly string[] = [...METRICS_BY_KEY.keys()];

/** Undefined for a metric of a later version. */
function metricOf(key: string): Metric | undefined {
  return METRICS_BY_KEY.get(key);
}

/** "validation.loss" as "validation/loss": TensorBoard groups charts by the part before the slash. */
export function tensorBoardTag(key: string): string {
  return key.replace(".", "/");
}

export function lowerIsBetter(key: string): boolean {
  return betterDirection(key) === "lower";
}

/** Null for a metric without one, and for a metric of a later version. */
export function betterDirection(key: string): Metric["better"] {
  return metricOf(key)?.better ?? null;
}

/** See `Metric.dependsOnLoss`. */
export function dependsOnLoss(key: string): boolean {
  return metricOf(key)?.dependsOnLoss ?? false;
}

export function measuredMetrics(measured: EpochMeasurements): EpochMetricValues {
  const values = EPOCH_METRIC_NAMES.map((name) => [name, EPOCH_METRICS[name].source(measured)]);
  return Object.fromEntries(values) as EpochMetricValues;
}

/** A value measured at an optimizer step; it may be NaN or infinite. */
export interface MetricValueAt {
  readonly key: string;
  readonly step: number;
  readonly value: number;
}

/** The metrics of an epoch, as they are recorded at its last step. */
export function epochMetricPoints(epoch: EpochMetricValues, step: number): readonly MetricValueAt[] {
  return EPOCH_METRIC_NAMES.map((name) => ({ key: EPOCH_METRICS[name].key, step, value: epoch[name] }));
}
