import { AppError } from "../../core/app-error.js";

/** Describes a blob in the error when it is missing or damaged. */
export interface BlobSubject {
  /** Begins a sentence, such as `The image "daisy/1.jpg"`. */
  readonly name: string;
  /** A sentence that says how to replace it. */
  readonly remedy: string;
}

/** A storage back-end: stores byte sequences (blobs) once under the SHA-256 of their content. */
export interface BlobStore {
  /** Stores `bytes` and returns their SHA-256 when they are safe from a crash. */
  put(bytes: Uint8Array): Promise<string>;

  /** Like `put`, for content that may be too large for memory. */
  putStream(chunks: AsyncIterable<Uint8Array>): Promise<string>;

  /** Stores many blobs, and makes all of them safe from a crash at once. */
  batch(): BlobBatch;

  /** @throws AppError `BLOB_MISSING`, `BLOB_DAMAGED` when the bytes no longer have this SHA-256 */
  read(sha256: string, subject: BlobSubject): Promise<Uint8Array>;

  /** Checks a blob that may be too large for memory. @throws AppError `BLOB_MISSING`, `BLOB_DAMAGED` */
  verify(sha256: string, subject: BlobSubject): Promise<void>;

  has(sha256: string): Promise<boolean>;

  /** Path of a file on this machine with the content of the blob. Opening it fails if there is no such blob. */
  localFile(sha256: string): Promise<string>;

  /** The caller makes sure that nothing refers to the blob. */
  remove(sha256: string): Promise<void>;

  /** Deletes what earlier processes began to write and did not finish. */
  removeAbandoned(): Promise<void>;
}

/** Stores blobs that become safe from a crash together. */
export interface BlobBatch {
  /** Stores `bytes` and returns their SHA-256. They are safe from a crash after `sync`. */
  put(bytes: Uint8Array): Promise<string>;

  sync(): Promise<void>;
}

export function missingBlob(sha256: string, { name, remedy }: BlobSubject, cause?: unknown): AppError {
  return new AppError("BLOB_MISSING", `${name} is missing: there is no blob ${sha256}. ${remedy}`, { cause });
}

export function damagedBlob(sha256: string, { name, remedy }: BlobSubject): AppError {
  return new AppError(
    "BLOB_DAMAGED",
    `${name} is damaged: the blob ${sha256} no longer has the content it was stored with. ${remedy}`,
  );
}
