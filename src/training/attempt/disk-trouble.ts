import { mkdir, statfs } from "node:fs/promises";
import path from "node:path";
import { DurableFile } from "../../data/blobs/durable-file.js";

/** Codes of system calls that found no room or had no permission to write. */
const CODES: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM"]);
/** The same failures in messages of TensorFlow, which writes checkpoints itself. */
const WORDS = /No space left on device|Disk quota exceeded|Read-only file system|Permission denied/;
/** Room for more than the checkpoint: predictions, events and the files of other programs. */
const MARGIN_BYTES = 64 * 1024 ** 2;

/** Whether an error, or one of its causes, is a failure to write files, which is temporary. */
export function isDiskTrouble(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (CODES.has((cause as { readonly code?: unknown }).code) || WORDS.test(cause.message)) return true;
  }
  return false;
}

/** Whether files can be written to a folder, with room for `bytes` and a margin. Creates a missing folder. */
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
