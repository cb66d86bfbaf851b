import type { ComputePrecision, RunEndReason, RunState } from "./enumerations.js";

/**
 * What happens during a run, as stored and streamed. Numbers may be NaN or infinite: the database
 * keeps them as text inside JSON (see `metric-value.ts`).
 *
 * Durable events have a gapless sequence per run starting at 1. `TrainingProgress` is not durable:
 * only the newest is kept, and it carries the sequence of the durable event it follows.
 */
export type RunEventBody =
  | {
      readonly kind: "RunStateChanged";
      readonly from: RunState | null;
      readonly to: RunState;
      readonly reason: RunEndReason | null;
      readonly detail: string | null;
    }
  | { readonly kind: "EpochCompleted"; readonly epoch: EpochRecord; readonly improved: boolean }
  | { readonly kind: "TrainingProgress"; readonly progress: RunProgress; readonly loss: number }
  | { readonly kind: "CheckpointSaved"; readonly checkpoint: CheckpointRecord }
  | { readonly kind: "RunWarning"; readonly code: string; readonly message: string };

export type RunEvent = RunEventBody & {
  readonly runId: string;
  readonly sequence: number;
  /** Position to resume from: pass it as `after`. Opaque to clients. */
  readonly cursor: string;
  readonly at: Date;
};

/** One epoch's figures; losses are means over samples, accuracies fractions in [0, 1]. */
export interface EpochRecord {
  /** Counts from 1. */
  readonly number: number;
  readonly trainLoss: number;
  readonly validationLoss: number;
  readonly trainTop1: number;
  readonly trainTop5: number;
  readonly validationTop1: number;
  readonly validationTop5: number;
  /** Rate used by the epoch's last step. */
  readonly learningRate: number;
  /** Training throughput, validation excluded. */
  readonly imagesPerSecond: number;
  /** Wall time of the epoch, validation and checkpoint included. */
  readonly seconds: number;
}

export interface RunProgress {
  readonly epoch: number;
  readonly epochs: number;
  /** Step within the epoch, from 1. */
  readonly step: number;
  readonly stepsPerEpoch: number;
  readonly imagesPerSecond: number | null;
  readonly remainingSeconds: number | null;
}

export interface CheckpointRecord {
  readonly epoch: number;
  /** Optimiser steps taken when it was saved. */
  readonly step: number;
  readonly best: boolean;
  readonly sizeBytes: number;
  /** Of the checkpoint's files, in the order of their names. */
  readonly sha256: string;
  readonly createdAt: Date;
}

/** Where a run ran: what must be equal for a rerun to give equal bytes. */
export interface RunEnvironment {
  readonly product: string;
  readonly tensorflowVersion: string;
  readonly nodeVersion: string;
  readonly processor: string;
  readonly device: string;
  readonly threads: number;
  /** Operations of our own that it may use beside TensorFlow's. */
  readonly customOps: readonly string[];
  /** What the configuration's precision became. */
  readonly precision: ComputePrecision;
  /** What AUTO decided by; empty when the configuration named a precision. */
  readonly precisionMeasurements: readonly PrecisionMeasurement[];
  /** Samples of a batch that are computed at once; less than the batch where its gradients are accumulated. */
  readonly partSize: number;
}

/** Time of a short convolution and matrix product, forward and backward, on a device. */
export interface PrecisionMeasurement {
  readonly precision: ComputePrecision;
  readonly device: string;
  readonly milliseconds: number;
}
