import { keysOf } from "../lang/keys-of.js";
import { EXPORT_STATES } from "./exports/state.js";
import { EXPORT_FORMATS, EXPORT_PRECISIONS } from "./exports/words.js";
import { RUN_END_REASONS, RUN_STATES } from "./runs/state.js";
import {
  ARCHITECTURES,
  DISTILLATION_KINDS,
  FILL_MODES,
  HEAD_KINDS,
  MONITORED_METRICS,
  PRECISIONS,
  PREPROCESSINGS,
  PRETRAINED_WEIGHTS,
  PRUNING_CRITERIA,
  type WordSet,
} from "./settings/words.js";

/**
 * Makes one of the closed sets of words that the database, the trainer and the API share: a table from each word to
 * itself, which serves as a value (validation, GraphQL) and as a type.
 */
function words<const W extends string>(...list: readonly W[]): { readonly [K in W]: K } {
  return Object.freeze(Object.fromEntries(list.map((word) => [word, word]))) as { readonly [K in W]: K };
}

/** The words that a setting accepts, from the table that also has their meanings. */
function wordsOf<W extends string>({ meanings }: WordSet<W>): { readonly [K in W]: K } {
  return words(...keysOf(meanings));
}

export const Split = words("TRAIN", "VALIDATION", "TEST");
export type Split = keyof typeof Split;

export const DatasetVersionStatus = words("IMPORTING", "READY", "FAILED");
export type DatasetVersionStatus = keyof typeof DatasetVersionStatus;

export const QuarantineReason = words(
  "EMPTY",
  "NOT_AN_IMAGE",
  "UNSUPPORTED_FORMAT",
  "TRUNCATED",
  "DAMAGED",
  "TOO_LARGE",
  "TOO_MANY_PIXELS",
  "CONFLICTING_LABEL",
  "OUTSIDE_CLASS_FOLDERS",
);
export type QuarantineReason = keyof typeof QuarantineReason;

export const RunState = words(...keysOf(RUN_STATES));
export type RunState = keyof typeof RunState;

export const RunEndReason = words(...keysOf(RUN_END_REASONS));
export type RunEndReason = keyof typeof RunEndReason;

export const Architecture = wordsOf(ARCHITECTURES);
export type Architecture = keyof typeof Architecture;

export const PruningCriterion = wordsOf(PRUNING_CRITERIA);
export type PruningCriterion = keyof typeof PruningCriterion;

export const HeadKind = wordsOf(HEAD_KINDS);
export type HeadKind = keyof typeof HeadKind;

export const Preprocessing = wordsOf(PREPROCESSINGS);
export type Preprocessing = keyof typeof Preprocessing;

export const PretrainedWeights = wordsOf(PRETRAINED_WEIGHTS);
export type PretrainedWeights = keyof typeof PretrainedWeights;

export const Precision = wordsOf(PRECISIONS);
export type Precision = keyof typeof Precision;
/** The precision that a network computes in. AUTO is replaced by one of these before a graph is built. */
export type ComputePrecision = Exclude<Precision, "AUTO">;

export const ExportFormat = wordsOf(EXPORT_FORMATS);
export type ExportFormat = keyof typeof ExportFormat;

export const ExportPrecision = wordsOf(EXPORT_PRECISIONS);
export type ExportPrecision = keyof typeof ExportPrecision;

export const ExportState = words(...keysOf(EXPORT_STATES));
export type ExportState = keyof typeof ExportState;

/** How pixels beyond the edge of a transformed image are filled; the names are those of Keras. */
export const FillMode = wordsOf(FILL_MODES);
export type FillMode = keyof typeof FillMode;

export const DistillationKind = wordsOf(DISTILLATION_KINDS);
export type DistillationKind = keyof typeof DistillationKind;

export const MonitoredMetric = wordsOf(MONITORED_METRICS);
export type MonitoredMetric = keyof typeof MonitoredMetric;

export const MetricValueKind = words("FINITE", "NAN", "POSITIVE_INFINITY", "NEGATIVE_INFINITY");
export type MetricValueKind = keyof typeof MetricValueKind;

/** Why no run is the best one by a metric. */
export const NoBestRunReason = words("NO_DIRECTION", "NO_VALUE", "DATASET_DIFFERS", "LOSS_DIFFERS", "TIE");
export type NoBestRunReason = keyof typeof NoBestRunReason;

export const DeviceKind = words("CPU", "GPU");
export type DeviceKind = keyof typeof DeviceKind;

export const EngineStatus = words("STARTING", "READY", "TRAINING", "FAILED");
export type EngineStatus = keyof typeof EngineStatus;

export const Role = words("ADMIN", "EDITOR", "VIEWER");
export type Role = keyof typeof Role;
