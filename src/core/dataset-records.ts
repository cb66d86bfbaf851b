import type { DatasetVersionStatus, QuarantineReason, Split } from "./enumerations.js";

export interface DatasetRecord {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly createdAt: Date;
}

export interface DatasetVersionRecord {
  readonly id: string;
  readonly datasetId: string;
  readonly datasetName: string;
  readonly number: number;
  readonly status: DatasetVersionStatus;
  readonly failureCode: string | null;
  readonly failureMessage: string | null;
  /** SHA-256 of the manifest in lower-case hexadecimal; null until READY. */
  readonly hash: string | null;
  /** Sorted; a sample's `classIndex` indexes it. */
  readonly classNames: readonly string[];
  readonly splitSeed: number;
  readonly validationFraction: number;
  readonly testFraction: number;
  readonly sampleCount: number;
  readonly quarantinedCount: number;
  readonly createdAt: Date;
}

export interface SampleRecord {
  readonly id: string;
  readonly versionId: string;
  /**
   * Position in the manifest, from 0: sorted by class, then by content hash, so that versions with equal manifest
   * hashes have equal images at equal positions, whatever the names of their files.
   */
  readonly position: number;
  readonly classIndex: number;
  readonly className: string;
  readonly split: Split;
  /** Path inside the imported folder or archive, with forward slashes. */
  readonly sourceName: string;
  /** SHA-256 of the file's bytes; also its key in the blob store. */
  readonly contentHash: string;
  readonly widthPixels: number;
  readonly heightPixels: number;
}

export interface QuarantinedFileRecord {
  readonly position: number;
  readonly sourceName: string;
  readonly reason: QuarantineReason;
  readonly detail: string;
}

export interface ClassCountRecord {
  readonly index: number;
  readonly name: string;
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

/** Only the newest `ImportProgress` is kept; `ImportFinished` is durable and has the sequence 1. */
export type ImportEvent = {
  readonly versionId: string;
  readonly sequence: number;
  readonly cursor: string;
  readonly at: Date;
} & (
  | {
      readonly kind: "ImportProgress";
      readonly filesDone: number;
      /** Null while an archive is still being read. */
      readonly filesTotal: number | null;
    }
  | { readonly kind: "ImportFinished" }
);
