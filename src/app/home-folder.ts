import { mkdtemp, rmdir } from "node:fs/promises";
import path from "node:path";
import { AppError } from "../core/app-error.js";
import { createFolder } from "../lang/create-folder.js";
import { hasSystemCode } from "../lang/system-errors.js";
import { messageOf } from "../lang/text/message-of.js";

/**
 * Creates the home folder unless it exists, and checks that it can be written to, before anything else begins.
 *
 * @throws AppError `CONFIG_INVALID`, or `DISK_FULL` when its disk has no room
 */
export async function provideHomeFolder(folder: string): Promise<void> {
  try {
    await createFolder(folder);
    await rmdir(await mkdtemp(path.join(folder, ".probe-")));
  } catch (cause) {
    const reason = messageOf(cause);
    if (hasSystemCode(cause, "ENOSPC", "EDQUOT")) {
      throw new AppError("DISK_FULL", `The disk of the home folder ${folder} has no room: ${reason}.`, {
        cause,
      });
    }
    throw new AppError(
      "CONFIG_INVALID",
      `ESPALIER_HOME must be a folder that can be created and written to, which ${folder} is not: ${reason}.`,
      { cause },
    );
  }
}
