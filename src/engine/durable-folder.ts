import { open, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { ignoring } from "../lang/system-errors.js";

/**
 * Waits until every file of a folder, and the folder's list of files, would survive a power cut. Includes the folders
 * inside it.
 */
export async function syncFolder(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const child = path.join(folder, entry.name);
    if (entry.isDirectory()) await syncFolder(child);
    else if (entry.isFile()) await sync(child);
  }
  await sync(folder);
}

async function sync(fileOrFolder: string): Promise<void> {
  const handle = await open(fileOrFolder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Moves a finished folder to `target`, which may exist; both must have the same parent. After a crash at any moment
 * `recoverFolder` finds the old or the new folder complete.
 */
export async function replaceFolder(finished: string, target: string): Promise<void> {
  await syncFolder(finished);
  // A folder cannot be renamed onto one that holds files, so the old one is moved aside first.
  const aside = asideOf(target);
  await rm(aside, { recursive: true, force: true });
  await rename(target, aside).catch(ignoring("ENOENT"));
  await rename(finished, target);
  await sync(path.dirname(target));
  await rm(aside, { recursive: true, force: true });
}

/** Restores the folder that `replaceFolder` had moved aside when a crash interrupted it. */
export async function recoverFolder(target: string): Promise<void> {
  // ENOTEMPTY: the replacement is already in place.
  await rename(asideOf(target), target).catch(ignoring("ENOENT", "ENOTEMPTY", "EEXIST"));
}

function asideOf(target: string): string {
  return path.join(path.dirname(target), `.old-${path.basename(target)}`);
}
