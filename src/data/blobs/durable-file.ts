import { createHash, randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { hasSystemCode } from "../../lang/system-errors.js";

/** The folder of unfinished files, beside the finished ones. */
const PARTIAL_FOLDER = "partial";
const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * A file that appears under its name only when it is complete and safe from a crash: it is written under another name,
 * synced, and renamed. An unfinished file is deleted when it is disposed.
 */
export class DurableFile implements AsyncDisposable {
  #finished = false;

  private constructor(
    readonly handle: FileHandle,
    readonly partialPath: string,
  ) {}

  /** @param root folder of the store; unfinished files have a folder of their own below it */
  static async create(root: string): Promise<DurableFile> {
    const partialPath = path.join(root, PARTIAL_FOLDER, randomUUID());
    const handle = await inFolderOf(partialPath, () => open(partialPath, "wx", 0o600));
    return new DurableFile(handle, partialPath);
  }

  /**
   * Syncs the file and moves it to `target`, where it replaces an existing file. The name itself is safe from a crash
   * after the folder of the target is synced (`syncFolder`), which a caller may do once for many files.
   */
  async finish(target: string): Promise<void> {
    await this.handle.sync();
    await this.handle.close();
    await inFolderOf(target, () => rename(this.partialPath, target));
    this.#finished = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#finished) return;
    await this.handle.close().catch(() => {});
    await rm(this.partialPath, { force: true });
  }
}

/** Does `work`, which needs the folder of `file`. Creates the folder when it is missing. */
async function inFolderOf<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!hasSystemCode(error, "ENOENT")) throw error;
    await mkdir(path.dirname(file), { recursive: true });
    return work();
  }
}

/** Makes the names in a folder safe from a crash. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return; // Windows cannot open folders, and orders renames itself
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Deletes unfinished files of killed processes below `root`. Recent files may still be written, and stay. */
export async function removeAbandoned(root: string, nowMs: number = Date.now()): Promise<void> {
  const folder = path.join(root, PARTIAL_FOLDER);
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const file = path.join(folder, name);
    const modifiedMs = await stat(file).then(
      ({ mtimeMs }) => mtimeMs,
      () => nowMs,
    );
    if (nowMs - modifiedMs > ABANDONED_AFTER_MS) await rm(file, { force: true });
  }
}

/** SHA-256 in lower-case hexadecimal. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
