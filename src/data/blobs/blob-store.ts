import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, rm, stat } from "node:fs/promises";
import path from "node:path";
import { AppError } from "../../core/app-error.js";
import { hasSystemCode } from "../../lang/system-errors.js";
import { DurableFile, removeAbandoned, sha256Of, syncFolder } from "./durable-file.js";

/** Hashing one chunk takes about a millisecond of the event loop. */
const CHUNK_BYTES = 1024 * 1024;

/** Describes a blob in the error when it is missing or damaged. */
export interface BlobSubject {
  /** Begins a sentence, such as `The image "daisy/1.jpg"`. */
  readonly name: string;
  /** A sentence that says how to replace it. */
  readonly remedy: string;
}

/** Stores files once under the SHA-256 of their bytes, in folders by the first two digits. */
export class BlobStore {
  constructor(private readonly folder: string) {}

  /** Stores `bytes` and returns their SHA-256 when they are safe from a crash. */
  async put(bytes: Uint8Array): Promise<string> {
    const batch = this.batch();
    const sha256 = await batch.put(bytes);
    await batch.sync();
    return sha256;
  }

  /** Like `put`, for content that may be too large for memory. */
  async putStream(chunks: AsyncIterable<Uint8Array>): Promise<string> {
    await using file = await DurableFile.create(this.folder);
    const hash = createHash("sha256");
    for await (const chunk of chunks) {
      hash.update(chunk);
      await file.handle.writeFile(chunk);
    }
    const sha256 = hash.digest("hex");
    const target = this.pathOf(sha256);
    await file.finish(target);
    await Promise.all([path.dirname(target), this.folder].map(syncFolder));
    return sha256;
  }

  /** Stores many blobs, and syncs their folders once for all of them. */
  batch(): BlobBatch {
    return new BlobBatch(this, this.folder);
  }

  /** @throws AppError `BLOB_MISSING`, `BLOB_DAMAGED` when the bytes no longer have this SHA-256 */
  async read(sha256: string, subject: BlobSubject): Promise<Uint8Array> {
    const bytes = await readFile(this.pathOf(sha256)).catch((cause: unknown) => {
      if (!hasSystemCode(cause, "ENOENT")) throw cause;
      throw missing(sha256, subject, cause);
    });
    if (sha256Of(bytes) !== sha256) throw damaged(sha256, subject);
    return bytes;
  }

  /** Checks a blob that may be too large for memory. @throws AppError `BLOB_MISSING`, `BLOB_DAMAGED` */
  async verify(sha256: string, subject: BlobSubject): Promise<void> {
    if (!(await this.has(sha256))) throw missing(sha256, subject);
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(this.pathOf(sha256), { highWaterMark: CHUNK_BYTES })) {
      hash.update(chunk);
    }
    if (hash.digest("hex") !== sha256) throw damaged(sha256, subject);
  }

  async has(sha256: string): Promise<boolean> {
    return (await this.sizeOf(sha256)) !== null;
  }

  /** In bytes; null when there is no such blob. */
  async sizeOf(sha256: string): Promise<number | null> {
    return stat(this.pathOf(sha256)).then(
      ({ size }) => size,
      () => null,
    );
  }

  /** The file of the blob, if it exists. */
  pathOf(sha256: string): string {
    // Keeps anything else out of a path, too.
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new Error(`Not a SHA-256: ${JSON.stringify(sha256)}.`);
    return path.join(this.folder, sha256.slice(0, 2), sha256);
  }

  /** The caller makes sure that nothing refers to the blob. */
  async remove(sha256: string): Promise<void> {
    await rm(this.pathOf(sha256), { force: true });
  }

  /** Deletes files that earlier processes began to write and did not finish. */
  async removeAbandoned(): Promise<void> {
    await removeAbandoned(this.folder);
  }
}

/** Stores blobs whose folders are synced together. */
export class BlobBatch {
  readonly #unsyncedFolders = new Set<string>();

  constructor(
    private readonly store: BlobStore,
    private readonly root: string,
  ) {}

  /** Stores `bytes` and returns their SHA-256. They are safe from a crash after `sync`. */
  async put(bytes: Uint8Array): Promise<string> {
    const sha256 = sha256Of(bytes);
    const target = this.store.pathOf(sha256);
    // A file of another size is damaged, and is written again.
    if ((await this.store.sizeOf(sha256)) !== bytes.length) {
      await using file = await DurableFile.create(this.root);
      await file.handle.writeFile(bytes);
      await file.finish(target);
    }
    // Also for a blob that existed: its writer may not have synced its folder yet.
    this.#unsyncedFolders.add(path.dirname(target));
    return sha256;
  }

  async sync(): Promise<void> {
    const folders = [...this.#unsyncedFolders];
    this.#unsyncedFolders.clear();
    if (folders.length === 0) return;
    await Promise.all([...folders, this.root].map(syncFolder));
  }
}

function missing(sha256: string, { name, remedy }: BlobSubject, cause?: unknown): AppError {
  return new AppError("BLOB_MISSING", `${name} is missing: there is no blob ${sha256}. ${remedy}`, { cause });
}

function damaged(sha256: string, { name, remedy }: BlobSubject): AppError {
  return new AppError(
    "BLOB_DAMAGED",
    `${name} is damaged: the blob ${sha256} no longer has the content it was stored with. ${remedy}`,
  );
}
