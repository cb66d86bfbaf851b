import { createHash, randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { hasSystemCode } from "../../lang/system-errors.js";

/** Folder, beside the finished files, for those that are still being written. */
const PARTIAL_FOLDER = "partial";
const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * A file that appears under its name only whole and safe from a crash: written under another name,
 * synced, then renamed. Disposing it unfinished leaves nothing.
 */
export class DurableFile implements AsyncDisposable {
  #finished = false;

  private constructor(
    readonly handle: FileHandle,
    readonly partialPath: string,
  ) {}

  /** @param root folder of the store; the unfinished file lies in its own folder below it */
  static async create(root: string): Promise<DurableFile> {
    const partialPath = path.join(root, PARTIAL_FOLDER, randomUUID());
    const handle = await inFolderOf(partialPath, () => open(partialPath, "wx", 0o600));
    return new DurableFile(handle, partialPath);
  }

  /**
   * Syncs the file and moves it to `target`, over what is there. The name itself is safe once the
   * target's folder is synced too (`syncFolder`), which a caller may do once for many files.
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

/** Does what needs the folder of `file`, making it only when it turns out to be missing. */
async function inFolderOf<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!hasSystemCode(error, "ENOENT")) throw error;
    await mkdir(path.dirname(file), { recursive: true });
    return work();
  }
}

/** Makes the names inside a folder safe from a crash. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return; // it cannot open folders, and orders renames itself
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Deletes what killed processes left unfinished below `root`; recent files may still be written. */
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
