import { mkdir, statfs } from "node:fs/promises";
import path from "node:path";
import { DurableFile } from "../../data/blobs/durable-file.js";

/** Room for more than the checkpoint: predictions, events and the files of other programs. */
const MARGIN_BYTES = 64 * 1024 ** 2;

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
