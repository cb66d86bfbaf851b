import { z } from "zod";
import type { ExportState } from "../../core/enumerations.js";
import { parseStored, storedTime } from "../../core/stored-json.js";
import { EXPORT_STAGES } from "../attempt/job.js";
import { EXPORT_BOUNDS } from "../bounds.js";
import { EXPORT_PROOF } from "../proof.js";
import type { ModelExportRecord } from "./export-records.js";

/** The columns of a ModelExportRecord, for Kysely. */
export const EXPORT_COLUMNS = [
  ...(["id", "modelVersionId", "format", "precision", "state", "calibrationImages", "proofImages"] as const),
  ...(["bounds", "progress", "fileName", "sizeBytes", "sha256", "proof", "writingSeconds"] as const),
  ...(["rejectionReasons", "failureCode", "failureMessage", "attempts"] as const),
  ...(["createdAt", "startedAt", "finishedAt"] as const),
] as const;

/** The column `progress`, as `ExportLease.begin` and `ExportEventStore.recordProgress` write it. */
export const STORED_PROGRESS = z.object({
  stage: z.enum(EXPORT_STAGES),
  imagesDone: z.number(),
  imagesTotal: z.number(),
  counter: z.number(),
  at: storedTime,
});
export type StoredProgress = z.infer<typeof STORED_PROGRESS>;

type ExportRow = Omit<ModelExportRecord, "bounds" | "progress" | "proof"> & {
  readonly bounds: unknown;
  readonly progress: unknown;
  readonly proof: unknown;
};

export function exportOf(row: ExportRow): ModelExportRecord {
  const { bounds, proof } = row;
  return {
    ...row,
    bounds: parseStored(EXPORT_BOUNDS, bounds, "bounds of an export"),
    progress: row.state === "RUNNING" ? storedProgress(row) : null,
    proof: proof === null ? null : parseStored(EXPORT_PROOF, proof, "proof of an export"),
  };
}

/** Null before there is any. While the export waits in the queue again, this is that of its last attempt. */
export function storedProgress({ progress }: { readonly progress: unknown }): StoredProgress | null {
  return progress === null ? null : parseStored(STORED_PROGRESS, progress, "progress of an export");
}

/** The key of the doorbell that rings when an export changes, and of its lease. */
export function exportKey(exportId: string): string {
  return `export:${exportId}`;
}

/** An export that has not ended. */
export interface UnfinishedExport {
  readonly id: string;
  readonly state: Extract<ExportState, "QUEUED" | "RUNNING">;
}
