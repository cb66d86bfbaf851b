import { mkdir } from "node:fs/promises";
import path from "node:path";
import { isFolder } from "./is-folder.js";
import { hasSystemCode } from "./system-errors.js";

/**
 * Creates a folder, and the folders above it, unless they exist. Node's own option `recursive` tries forever where a file
 * system takes no new folders although the one above exists, as in `/proc`.
 *
 * @throws the error of the file system
 */
export async function createFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if (hasSystemCode(error, "EEXIST") && (await isFolder(folder))) return;
    const above = path.dirname(folder);
    if (!hasSystemCode(error, "ENOENT") || above === folder || (await isFolder(above))) throw error;
    await createFolder(above);
    await createFolder(folder);
  }
}
