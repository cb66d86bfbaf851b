import type { Architecture, RunState } from "../../core/enumerations.js";
import type { PageRequest } from "../../core/page.js";

export type { RunRecord } from "./run-row.js";

export interface ExperimentRecord {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Maximum number of active runs; null: as many as there are devices. */
  readonly maxActiveRuns: number | null;
  readonly createdAt: Date;
}

export interface MetricSummaryRecord {
  readonly runId: string;
  readonly key: string;
  /** May be NaN or infinite. */
  readonly lastValue: number;
  /** Best finite value (see `lowerIsBetter`); null without one. */
  readonly bestValue: number | null;
  readonly bestEpoch: number | null;
}

export interface MetricPointRecord {
  /** Optimizer steps taken when it was measured. */
  readonly step: number;
  /** May be NaN or infinite. */
  readonly value: number;
  readonly at: Date;
}

export interface MetricHistoryRecord {
  readonly points: readonly MetricPointRecord[];
  readonly totalPoints: number;
  /** Whether points were left out; first, last and extremes are kept. */
  readonly thinned: boolean;
}

/** Every condition given must hold; null and absent are the same. */
export interface RunFilter {
  /** Name of an experiment. */
  readonly experiment?: string | null | undefined;
  /** "flowers" (any version) or "flowers:3". */
  readonly dataset?: string | null | undefined;
  readonly states?: readonly RunState[] | null | undefined;
  /** Ignores the case of letters. */
  readonly nameContains?: string | null | undefined;
  readonly architectures?: readonly Architecture[] | null | undefined;
  readonly metric?: readonly MetricFilter[] | null | undefined;
  readonly configuration?: readonly ConfigurationFilter[] | null | undefined;
  /** This moment excluded. */
  readonly createdAfter?: Date | null | undefined;
  /** This moment excluded. */
  readonly createdBefore?: Date | null | undefined;
}

/** A condition on the best value; a run without one does not match. */
export interface MetricFilter {
  readonly key: string;
  readonly atLeast?: number | null | undefined;
  readonly atMost?: number | null | undefined;
}

/** `path` is dotted, such as "learningRate.initial"; numbers are equal as numbers ("1e-3" is 0.001). */
export interface ConfigurationFilter {
  readonly path: string;
  readonly equals: string;
}

export type RunOrderField = "CREATED_AT" | "DURATION" | "TRAINING_TIME" | "METRIC_BEST" | "METRIC_LAST";

/** Runs without the value ordered by come last in both directions. */
export interface RunOrder {
  readonly field: RunOrderField;
  /** Key of the metric, for METRIC_BEST and METRIC_LAST. */
  readonly metric?: string | null | undefined;
  readonly direction: "ASC" | "DESC";
}

export interface RunListRequest {
  readonly filter?: RunFilter | null | undefined;
  /** Absent: newest first. */
  readonly order?: RunOrder | null | undefined;
  readonly page: PageRequest;
}
