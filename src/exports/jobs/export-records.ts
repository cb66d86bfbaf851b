import type { ExportFormat, ExportPrecision, ExportState } from "../../core/enumerations.js";
import type { ExportStage } from "../attempt/job.js";
import type { ExportBounds } from "../bounds.js";
import type { ExportProof } from "../proof.js";

/** The request for an export, checked and with all defaults. */
export interface ExportSettings {
  readonly format: ExportFormat;
  readonly precision: ExportPrecision;
  /** Maximum number; null unless the precision is INT8. */
  readonly calibrationImages: number | null;
  /** Maximum number. */
  readonly proofImages: number;
  readonly bounds: ExportBounds;
}

export interface ModelExportRecord extends ExportSettings {
  readonly id: string;
  readonly modelVersionId: string;
  readonly state: ExportState;
  /** Null unless RUNNING. */
  readonly progress: ExportProgressRecord | null;
  /** "flowers-3-int8.tflite" */
  readonly fileName: string;
  /** Null unless READY or REJECTED, as are the next three. */
  readonly sizeBytes: number | null;
  readonly sha256: string | null;
  readonly proof: ExportProof | null;
  readonly writingSeconds: number | null;
  /** A sentence for each bound that the proof is outside of; empty unless REJECTED. */
  readonly rejectionReasons: readonly string[];
  /** Null unless FAILED. */
  readonly failureCode: string | null;
  readonly failureMessage: string | null;
  /** How often a process began to carry it out. */
  readonly attempts: number;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

export interface ExportProgressRecord {
  readonly stage: ExportStage;
  readonly imagesDone: number;
  /** 0 in a stage without images. */
  readonly imagesTotal: number;
}

/** Only the newest `ExportProgress` is kept; `ExportFinished` is durable and has the sequence 1. */
export type ExportEvent = {
  readonly exportId: string;
  readonly sequence: number;
  readonly cursor: string;
  readonly at: Date;
} & (({ readonly kind: "ExportProgress" } & ExportProgressRecord) | { readonly kind: "ExportFinished" });
