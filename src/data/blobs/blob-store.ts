import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, rm, stat } from "node:fs/promises";
import path from "node:path";
import { AppError } from "../../core/app-error.js";
import { hasSystemCode } from "../../lang/system-errors.js";
import { DurableFile, removeAbandoned, sha256Of, syncFolder } from "./durable-file.js";

/** Hashing one chunk takes about a millisecond of the event loop. */
const CHUNK_BYTES = 1024 * 1024;

/** Files, most of them pictures, each kept once under the SHA-256 of its bytes, in folders by its first two digits. */
export class BlobStore {
  constructor(private readonly folder: string) {}

  /** Keeps `bytes` and returns their SHA-256 once a crash can no longer take them back. */
  async put(bytes: Uint8Array): Promise<string> {
    const batch = this.batch();
    const sha256 = await batch.put(bytes);
    await batch.sync();
    return sha256;
  }

  /** Keeps a file that may be too large for memory, as `put` keeps bytes. */
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

  /** Keeps many blobs, syncing the folders they lie in once for all of them. */
  batch(): BlobBatch {
    return new BlobBatch(this, this.folder);
  }

  /** @throws AppError `BLOB_MISSING`, or `BLOB_DAMAGED` when the bytes no longer match their name */
  async read(sha256: string): Promise<Uint8Array> {
    const bytes = await readFile(this.pathOf(sha256)).catch((cause: unknown) => {
      if (!hasSystemCode(cause, "ENOENT")) throw cause;
      throw new AppError(
        "BLOB_MISSING",
        `The file of picture ${sha256} is not in the blob store. Import its data set again.`,
        { cause },
      );
    });
    if (sha256Of(bytes) === sha256) return bytes;
    throw new AppError(
      "BLOB_DAMAGED",
      `The file of picture ${sha256} no longer has the content it was kept with. Import its data set again.`,
    );
  }

  async has(sha256: string): Promise<boolean> {
    return (await this.sizeOf(sha256)) !== null;
  }

  /** SHA-256 of the bytes as they are now; null when there is no such blob. */
  async digest(sha256: string): Promise<string | null> {
    if (!(await this.has(sha256))) return null;
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(this.pathOf(sha256), { highWaterMark: CHUNK_BYTES })) {
      hash.update(chunk);
    }
    return hash.digest("hex");
  }

  /** In bytes; null when there is no such blob. */
  async sizeOf(sha256: string): Promise<number | null> {
    return stat(this.pathOf(sha256)).then(
      ({ size }) => size,
      () => null,
    );
  }

  /** Where the blob lies, if it is there. */
  pathOf(sha256: string): string {
    // Also keeps anything else out of a path.
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new Error(`Not a SHA-256: ${JSON.stringify(sha256)}.`);
    return path.join(this.folder, sha256.slice(0, 2), sha256);
  }

  /** Whoever removes a blob knows that nothing names it any more. */
  async remove(sha256: string): Promise<void> {
    await rm(this.pathOf(sha256), { force: true });
  }

  /** Deletes what earlier processes began to write and never finished. */
  async removeAbandoned(): Promise<void> {
    await removeAbandoned(this.folder);
  }
}

/** Blobs that become safe together: see `sync`. */
export class BlobBatch {
  readonly #unsyncedFolders = new Set<string>();

  constructor(
    private readonly store: BlobStore,
    private readonly root: string,
  ) {}

  /** Keeps `bytes` and returns their SHA-256; safe from a crash only after `sync`. */
  async put(bytes: Uint8Array): Promise<string> {
    const sha256 = sha256Of(bytes);
    const target = this.store.pathOf(sha256);
    // Another size means damage, which writing again mends.
    if ((await this.store.sizeOf(sha256)) !== bytes.length) {
      await using file = await DurableFile.create(this.root);
      await file.handle.writeFile(bytes);
      await file.finish(target);
    }
    // Also for one that was there: whoever wrote it may not have synced its folder yet.
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
