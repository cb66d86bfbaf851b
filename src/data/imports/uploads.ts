import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { AppError } from "../../core/app-error.js";
import type { Limits } from "../../core/config.js";
import { kindOfId, newId } from "../../core/ids.js";
import { DurableFile, removeAbandoned, syncFolder } from "../blobs/durable-file.js";
import type { UploadRecord, UploadStore } from "./upload-store.js";

const LIFETIME_MS = 24 * 60 * 60 * 1000;
const REMOVAL_INTERVAL_MS = 60 * 60 * 1000;

/**
 * Files that clients send before the mutation that uses them. This class decides the folder and the name of a file; the
 * name and the type that a client states are never used.
 */
export class Uploads {
  readonly #store: UploadStore;
  readonly #folder: string;
  readonly #limitBytes: number;
  readonly #now: () => Date;
  /** Ids of uploads that are being received. A second sender would overwrite the first. */
  readonly #receiving = new Set<string>();
  #lastRemovalMs = 0;

  constructor(options: {
    store: UploadStore;
    /** Has one file for each complete upload. */
    folder: string;
    limits: Pick<Limits, "uploadBytes">;
    now?: () => Date;
  }) {
    this.#store = options.store;
    this.#folder = options.folder;
    this.#limitBytes = options.limits.uploadBytes;
    this.#now = options.now ?? (() => new Date());
  }

  /**
   * Announces a file. Its bytes are checked against the announced size and digest.
   *
   * @throws AppError `UPLOAD_TOO_LARGE`, `UPLOAD_INVALID`
   */
  async create(input: {
    sizeBytes: number | null;
    sha256: string | null;
    tokenId: string;
  }): Promise<{ uploadId: string; expiresAt: Date }> {
    const { sizeBytes, tokenId } = input;
    if (sizeBytes !== null && !(Number.isSafeInteger(sizeBytes) && sizeBytes >= 0)) {
      throw invalid("sizeBytes", "a whole number of bytes, at least 0", sizeBytes);
    }
    if (sizeBytes !== null && sizeBytes > this.#limitBytes)
      throw tooLarge(this.#limitBytes, `${sizeBytes} bytes`, ["sizeBytes"]);
    const sha256 = input.sha256?.toLowerCase() ?? null;
    if (sha256 !== null && !/^[0-9a-f]{64}$/.test(sha256)) {
      throw invalid("sha256", "64 hexadecimal digits", input.sha256);
    }
    await this.#removeExpiredOccasionally();
    const uploadId = newId("upload");
    const expiresAt = new Date(this.#now().getTime() + LIFETIME_MS);
    await this.#store.insert({
      id: uploadId,
      expectedBytes: sizeBytes,
      expectedSha256: sha256,
      tokenId,
      expiresAt,
    });
    return { uploadId, expiresAt };
  }

  /**
   * Writes the bytes of an announced upload to disk. When it returns they are complete and safe from a crash. When it
   * throws, the upload may be tried again.
   *
   * @throws AppError `UPLOAD_NOT_FOUND`, `UPLOAD_EXPIRED`, `UPLOAD_ALREADY_COMPLETE`, `UPLOAD_IN_PROGRESS`,
   *   `UPLOAD_TOO_LARGE`, `UPLOAD_MISMATCH`; and the errors of `body`
   */
  async receive(
    uploadId: string,
    body: AsyncIterable<Uint8Array>,
  ): Promise<{ sizeBytes: number; sha256: string }> {
    const upload = await this.#require(uploadId);
    if (upload.state === "COMPLETE") throw alreadyComplete(uploadId);
    if (this.#receiving.has(uploadId)) throw inProgress(uploadId);
    this.#receiving.add(uploadId);
    try {
      return await this.#receiveOnce(upload, body);
    } finally {
      this.#receiving.delete(uploadId);
    }
  }

  async #receiveOnce(
    upload: UploadRecord,
    body: AsyncIterable<Uint8Array>,
  ): Promise<{ sizeBytes: number; sha256: string }> {
    await using file = await DurableFile.create(this.#folder);
    const received = await this.#write(file, body, upload);
    if (upload.expectedSha256 !== null && upload.expectedSha256 !== received.sha256) {
      throw mismatch(`the SHA-256 ${upload.expectedSha256}`, received.sha256);
    }
    await file.finish(this.#file(upload.id));
    await syncFolder(this.#folder);
    if (!(await this.#store.complete(upload.id, received.sizeBytes, received.sha256))) {
      throw alreadyComplete(upload.id);
    }
    return received;
  }

  async #write(
    file: DurableFile,
    body: AsyncIterable<Uint8Array>,
    upload: UploadRecord,
  ): Promise<{ sizeBytes: number; sha256: string }> {
    const digest = createHash("sha256");
    const { expectedBytes } = upload;
    let sizeBytes = 0;
    for await (const chunk of body) {
      sizeBytes += chunk.length;
      if (sizeBytes > this.#limitBytes) throw tooLarge(this.#limitBytes, "more");
      if (expectedBytes !== null && sizeBytes > expectedBytes)
        throw mismatch(`${expectedBytes} bytes`, "more");
      digest.update(chunk);
      await file.handle.writeFile(chunk);
    }
    if (expectedBytes !== null && sizeBytes < expectedBytes) {
      throw mismatch(`${expectedBytes} bytes`, `${sizeBytes} bytes`);
    }
    return { sizeBytes, sha256: digest.digest("hex") };
  }

  /**
   * @throws AppError `UPLOAD_TOO_LARGE` above `maxBytes`, `UPLOAD_NOT_FOUND`, `UPLOAD_EXPIRED`,
   *   `UPLOAD_INCOMPLETE`
   */
  async readBytes(uploadId: string, maxBytes: number): Promise<Uint8Array> {
    const { sizeBytes } = await this.#requireComplete(uploadId);
    if (sizeBytes !== null && sizeBytes > maxBytes) throw tooLarge(maxBytes, `${sizeBytes} bytes`);
    return readFile(this.#file(uploadId));
  }

  /** @throws AppError `UPLOAD_NOT_FOUND`, `UPLOAD_EXPIRED`, `UPLOAD_INCOMPLETE` */
  async pathOf(uploadId: string): Promise<string> {
    await this.#requireComplete(uploadId);
    return this.#file(uploadId);
  }

  /**
   * The file of an upload that an import has begun to read. The file stays until that import ends, even when the upload
   * expires.
   *
   * @throws AppError `UPLOAD_NOT_FOUND`, `UPLOAD_INCOMPLETE`
   */
  async pathOfBegun(uploadId: string): Promise<string> {
    const upload = await this.#find(uploadId);
    if (upload.state !== "COMPLETE") throw incomplete(uploadId);
    return this.#file(uploadId);
  }

  /** Deletes expired uploads and files of interrupted ones. */
  async removeExpired(): Promise<void> {
    for (const id of await this.#store.deleteExpired(this.#now())) await rm(this.#file(id), { force: true });
    await removeAbandoned(this.#folder);
  }

  /** Removes expired uploads when new ones are created, so that no timer is needed. */
  async #removeExpiredOccasionally(): Promise<void> {
    const nowMs = this.#now().getTime();
    if (nowMs - this.#lastRemovalMs < REMOVAL_INTERVAL_MS) return;
    this.#lastRemovalMs = nowMs;
    await this.removeExpired();
  }

  async #requireComplete(uploadId: string): Promise<UploadRecord> {
    const upload = await this.#require(uploadId);
    if (upload.state !== "COMPLETE") throw incomplete(uploadId);
    return upload;
  }

  async #require(uploadId: string): Promise<UploadRecord> {
    const upload = await this.#find(uploadId);
    if (upload.expiresAt.getTime() > this.#now().getTime()) return upload;
    throw new AppError(
      "UPLOAD_EXPIRED",
      `Upload ${uploadId} expired at ${upload.expiresAt.toISOString()}. Create another and send the file again.`,
    );
  }

  async #find(uploadId: string): Promise<UploadRecord> {
    // The id becomes a file name, so only ids of this product are looked up.
    const upload = kindOfId(uploadId) === "upload" ? await this.#store.find(uploadId) : null;
    if (upload !== null) return upload;
    throw new AppError(
      "UPLOAD_NOT_FOUND",
      `No upload has the id ${JSON.stringify(uploadId.slice(0, 100))}. Call createUpload first.`,
    );
  }

  #file(uploadId: string): string {
    return path.join(this.#folder, uploadId);
  }
}

function invalid(field: string, expected: string, received: unknown): AppError {
  return new AppError(
    "UPLOAD_INVALID",
    `${field} must be ${expected}. Received ${JSON.stringify(received)}.`,
    {
      path: [field],
    },
  );
}

function tooLarge(limitBytes: number, received: string, path: readonly string[] = []): AppError {
  return new AppError(
    "UPLOAD_TOO_LARGE",
    `A file may have at most ${limitBytes} bytes. Received ${received}.`,
    { path },
  );
}

function mismatch(expected: string, received: string): AppError {
  return new AppError(
    "UPLOAD_MISMATCH",
    `The upload was announced with ${expected}. Received ${received}. Send the complete file again.`,
  );
}

function incomplete(uploadId: string): AppError {
  return new AppError("UPLOAD_INCOMPLETE", `Upload ${uploadId} has no bytes yet. PUT the file first.`);
}

function inProgress(uploadId: string): AppError {
  return new AppError(
    "UPLOAD_IN_PROGRESS",
    `Another request is sending the bytes of upload ${uploadId}. Wait until it ends.`,
  );
}

function alreadyComplete(uploadId: string): AppError {
  return new AppError(
    "UPLOAD_ALREADY_COMPLETE",
    `Upload ${uploadId} already has its bytes. Use it, or create another.`,
  );
}
