import type { MetricValueKind } from "./enumerations.js";

/** Metric keys that every run records, with the optimiser step as their step. */
export const METRIC_KEYS = {
  /** Of every step; the others once an epoch. */
  batchLoss: "batch.loss",
  trainLoss: "train.loss",
  trainTop1: "train.top1",
  trainTop5: "train.top5",
  validationLoss: "validation.loss",
  validationTop1: "validation.top1",
  validationTop5: "validation.top5",
  learningRate: "learning_rate",
  imagesPerSecond: "images_per_second",
} as const;

/** Which kind of number a metric is; only FINITE ones fit in a GraphQL Float or in JSON. */
export function metricValueKind(value: number): MetricValueKind {
  if (Number.isNaN(value)) return "NAN";
  if (value === Number.POSITIVE_INFINITY) return "POSITIVE_INFINITY";
  if (value === Number.NEGATIVE_INFINITY) return "NEGATIVE_INFINITY";
  return "FINITE";
}

/** Losses and rates improve downwards, accuracies and throughput upwards. */
export function lowerIsBetter(metricKey: string): boolean {
  return metricKey.endsWith("loss");
}
