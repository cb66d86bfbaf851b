import type { RunConfiguration } from "../../core/runs/configuration.js";

/** The data of a run, as far as settings are compared with it. */
export interface TrainingData {
  readonly classCount: number;
  readonly trainingImages: number;
  readonly validationImages: number;
  /** Longest side of all images, in pixels. */
  readonly longestSidePixels: number;
}

export interface CheckedRun extends TrainingData {
  readonly configuration: RunConfiguration;
  readonly stepsPerEpoch: number;
}

/** A setting that a run may have, but that hardly anybody means. */
export interface SettingCheck {
  /** Dotted path of the recorded setting. */
  readonly path: string;
  /** Why its value makes no sense, as a clause; null: it does. */
  readonly why: (run: CheckedRun) => string | null;
}

/** A change of this size is lost when it is added to a float32 weight of about 0.1. */
export const LOST_CHANGE = 1e-8;

/** 0.05 as "5 %". */
export function share(fraction: number): string {
  return `${Number((100 * fraction).toPrecision(2))} %`;
}

/** "1 image", "1,000 images". */
export function counted(count: number, unit: string): string {
  return `${count.toLocaleString("en")} ${unit}${count === 1 ? "" : "s"}`;
}
