import { mkdir, statfs } from "node:fs/promises";
import path from "node:path";
import { DurableFile } from "../../data/blobs/durable-file.js";

/** Of a system call that found no room, or was not allowed to write. */
const CODES: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM"]);
/** The same in the words of TensorFlow, which writes checkpoints itself. */
const WORDS = /No space left on device|Disk quota exceeded|Read-only file system|Permission denied/;
/** Beside a checkpoint: predictions, events, what others write. */
const MARGIN_BYTES = 64 * 1024 ** 2;

/** Whether writing files failed, or one of the errors that caused it: that may pass. */
export function isDiskTrouble(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (CODES.has((cause as { readonly code?: unknown }).code) || WORDS.test(cause.message)) return true;
  }
  return false;
}

/** Whether a folder, made when it is gone, takes files again, with room for so many bytes and some more. */
export async function hasRoom(folder: string, bytes: number): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true });
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize < bytes + MARGIN_BYTES) return false;
    await using probe = await DurableFile.create(path.join(folder, ".probe"));
    await probe.handle.writeFile("x");
    await probe.handle.sync();
    return true;
  } catch {
    return false;
  }
}
