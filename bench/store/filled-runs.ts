import type { Architecture } from "../../src/core/enumerations.js";
import { newId } from "../../src/core/ids.js";
import { BATCH_LOSS, EPOCH_METRICS } from "../../src/core/metrics/epoch-metrics.js";
import type { RunConfiguration } from "../../src/core/runs/configuration.js";
import { resolveConfiguration } from "../../src/training/configuration/resolution.js";

const ARCHITECTURES: readonly Architecture[] = ["VGG11", "VGG13", "VGG16", "VGG19"];
export const LEARNING_RATES: readonly number[] = [1, 0.1, 0.01, 0.001, 0.0001];
export const BATCH_SIZES: readonly number[] = [8, 16, 32, 64];
export const EXPERIMENTS = 20;
export const DATASETS = 5;

/** The metrics of an epoch, as the trainer records them. The other points of a run are losses of batches. */
export const EPOCH_KEYS: readonly string[] = Object.values(EPOCH_METRICS).map(({ key }) => key);
export const BATCH_KEY = BATCH_LOSS.key;

export interface RunPoints {
  readonly epochs: number;
  /** Number of points of `BATCH_KEY`, one per step. */
  readonly steps: number;
  readonly stepsPerEpoch: number;
}

/** Divides the points of a run: four fifths are metrics of epochs. */
export function runPoints(pointsPerRun: number): RunPoints {
  const epochs = Math.max(1, Math.floor((pointsPerRun * 0.8) / EPOCH_KEYS.length));
  const steps = Math.max(1, pointsPerRun - epochs * EPOCH_KEYS.length);
  return { epochs, steps, stepsPerEpoch: Math.ceil(steps / epochs) };
}

export interface FilledRun {
  readonly id: string;
  readonly name: string;
  /** Number of the experiment, from 0. */
  readonly experiment: number;
  readonly dataset: number;
  readonly state: "SUCCEEDED" | "FAILED" | "CANCELLED";
  readonly reason: "COMPLETED" | "DIVERGED" | "CANCELLED";
  readonly configuration: RunConfiguration;
  readonly createdAt: Date;
  readonly durationSeconds: number;
  /** Initial value of the accuracies, in [0, 1). */
  readonly level: number;
}

type Ending = Pick<FilledRun, "state" | "reason">;

const SUCCESS: Ending = { state: "SUCCEEDED", reason: "COMPLETED" };
/** By the remainder of the run's number divided by 25. */
const ENDINGS: ReadonlyMap<number, Ending> = new Map([
  [7, { state: "FAILED", reason: "DIVERGED" }],
  [13, { state: "CANCELLED", reason: "CANCELLED" }],
]);

const FIRST_LAUNCH = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;

/** Returns the `n`th run. Everything except its id is determined by the number. */
export function filledRun(n: number): FilledRun {
  const createdAt = new Date(FIRST_LAUNCH + n * MINUTE_MS);
  const ending = ENDINGS.get(n % 25) ?? SUCCESS;
  return {
    id: newId("run", createdAt.getTime()),
    name: `run-${n}`,
    experiment: n % EXPERIMENTS,
    dataset: Math.floor(n / 7) % DATASETS,
    ...ending,
    configuration: resolveConfiguration({
      architecture: pick(ARCHITECTURES, Math.floor(n / 3)),
      learningRate: { constant: { initial: pick(LEARNING_RATES, n) } },
      batchSize: pick(BATCH_SIZES, n),
    }),
    createdAt,
    durationSeconds: 60 + ((n * 31) % 3600),
    level: ((n * 7919) % 1000) / 1000,
  };
}

/** Returns the `n`th value, starting over after the last one. */
export function pick<T>(values: readonly T[], n: number): T {
  const value = values[n % values.length];
  if (value === undefined) throw new RangeError("Expected at least one value.");
  return value;
}
