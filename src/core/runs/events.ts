import { z } from "zod";
import { RunEndReason, RunState } from "../enumerations.js";
import { storedMetrics } from "../metrics/stored-metrics.js";
import { storedNumber, storedTime } from "../stored-json.js";
import { INITIALIZATION_REPORT } from "./initialization-report.js";

const EPOCH_RECORD = z.object({
  /** Counts from 1. */
  number: z.number(),
  ...storedMetrics.shape,
  /** Wall time of the epoch, validation and checkpoint included. */
  seconds: storedNumber,
});

/** The figures of one epoch; NaN for a metric that is newer than the epoch. */
export type EpochRecord = Readonly<z.infer<typeof EPOCH_RECORD>>;

export const RUN_PROGRESS = z.object({
  epoch: z.number(),
  epochs: z.number(),
  /** Step within the epoch, from 1. */
  step: z.number(),
  stepsPerEpoch: z.number(),
  imagesPerSecond: storedNumber.nullable(),
  remainingSeconds: storedNumber.nullable(),
});

export type RunProgress = Readonly<z.infer<typeof RUN_PROGRESS>>;

const CHECKPOINT_RECORD = z.object({
  epoch: z.number(),
  /** Optimizer steps taken when it was saved. */
  step: z.number(),
  best: z.boolean().default(false),
  sizeBytes: z.number(),
  /** SHA-256 of the checkpoint's files, in the order of their names. */
  sha256: z.string(),
  createdAt: storedTime,
});

export type CheckpointRecord = Readonly<z.infer<typeof CHECKPOINT_RECORD>>;

/** An event that is kept. Its sequence is one more than the run's event before it; the first one is 1. */
export const DURABLE_EVENT_BODY = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("RunStateChanged"),
    from: z.enum(RunState).nullable(),
    to: z.enum(RunState),
    reason: z.enum(RunEndReason).nullable(),
    detail: z.string().nullable(),
  }),
  z.object({
    kind: z.literal("EpochCompleted"),
    epoch: EPOCH_RECORD.readonly(),
    improved: z.boolean().default(false),
  }),
  z.object({ kind: z.literal("CheckpointSaved"), checkpoint: CHECKPOINT_RECORD.readonly() }),
  z.object({
    kind: z.literal("WeightsInitialized"),
    initialization: INITIALIZATION_REPORT.readonly(),
  }),
  /** `code` is one of RUN_WARNINGS, or of an earlier version's. */
  z.object({ kind: z.literal("RunWarning"), code: z.string(), message: z.string() }),
]);

export type DurableEventBody = Readonly<z.infer<typeof DURABLE_EVENT_BODY>>;

/** Only the newest progress is kept. It has the sequence of the durable event that it follows. */
export interface TrainingProgressBody {
  readonly kind: "TrainingProgress";
  readonly progress: RunProgress;
  readonly loss: number;
}

/** Content of an event of a run, as stored and streamed. Numbers may be NaN or infinite (see `stored-json.ts`). */
export type RunEventBody = DurableEventBody | TrainingProgressBody;

export type RunEvent = RunEventBody & {
  readonly runId: string;
  readonly sequence: number;
  /** Position to resume from: pass it as `after`. Opaque to clients. */
  readonly cursor: string;
  readonly at: Date;
};
