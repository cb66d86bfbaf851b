import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, rm, stat } from "node:fs/promises";
import path from "node:path";
import { hasSystemCode } from "../../lang/system-errors.js";
import { type BlobBatch, type BlobStore, type BlobSubject, damagedBlob, missingBlob } from "./blob-store.js";
import { DurableFile, removeAbandoned, sha256Of, syncFolder } from "./durable-file.js";

/** Hashing one chunk takes about a millisecond of the event loop. */
const CHUNK_BYTES = 1024 * 1024;

/** Keeps blobs as files of a folder, in subfolders by the first two digits of their SHA-256. */
export class FolderBlobStore implements BlobStore {
  constructor(private readonly folder: string) {}

  async put(bytes: Uint8Array): Promise<string> {
    const batch = this.batch();
    const sha256 = await batch.put(bytes);
    await batch.sync();
    return sha256;
  }

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

  batch(): BlobBatch {
    return new FolderBlobBatch(this, this.folder);
  }

  async read(sha256: string, subject: BlobSubject): Promise<Uint8Array> {
    const bytes = await readFile(this.pathOf(sha256)).catch((cause: unknown) => {
      if (!hasSystemCode(cause, "ENOENT")) throw cause;
      throw missingBlob(sha256, subject, cause);
    });
    if (sha256Of(bytes) !== sha256) throw damagedBlob(sha256, subject);
    return bytes;
  }

  async verify(sha256: string, subject: BlobSubject): Promise<void> {
    if (!(await this.has(sha256))) throw missingBlob(sha256, subject);
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(this.pathOf(sha256), { highWaterMark: CHUNK_BYTES })) {
      hash.update(chunk);
    }
    if (hash.digest("hex") !== sha256) throw damagedBlob(sha256, subject);
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

  async localFile(sha256: string): Promise<string> {
    return this.pathOf(sha256);
  }

  /** The file of the blob, if it exists. */
  pathOf(sha256: string): string {
    // Keeps anything else out of a path, too.
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new Error(`Not a SHA-256: ${JSON.stringify(sha256)}.`);
    return path.join(this.folder, sha256.slice(0, 2), sha256);
  }

  async remove(sha256: string): Promise<void> {
    await rm(this.pathOf(sha256), { force: true });
  }

  async removeAbandoned(): Promise<void> {
    await removeAbandoned(this.folder);
  }
}

/** Syncs the folders of its blobs together. */
class FolderBlobBatch implements BlobBatch {
  readonly #unsyncedFolders = new Set<string>();

  constructor(
    private readonly store: FolderBlobStore,
    private readonly root: string,
  ) {}

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
