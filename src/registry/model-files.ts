import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readdir, rename } from "node:fs/promises";
import path from "node:path";
import { AppError } from "../core/app-error.js";

/** Size and digest of everything below a folder. */
export interface FolderDigest {
  readonly sizeBytes: number;
  /** Over name, a zero byte, size, a zero byte and content of each file, in the order of their names. */
  readonly sha256: string;
}

export async function digestFolder(folder: string): Promise<FolderDigest> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for (const name of await filesBelow(folder)) {
    const file = path.join(folder, name);
    await using handle = await open(file);
    const { size } = await handle.stat();
    hash.update(`${name}\0${size}\0`);
    for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array);
    sizeBytes += size;
  }
  return { sizeBytes, sha256: hash.digest("hex") };
}

/**
 * Compares an export with the digest that was recorded when it was made.
 *
 * @throws AppError `MODEL_DAMAGED` when a file is missing, was added or has other bytes
 */
export async function verifyFolder(folder: string, sha256: string): Promise<void> {
  const found = await digestFolder(folder).then(
    (digest) => digest.sha256,
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );
  if (found === sha256) return;
  throw new AppError(
    "MODEL_DAMAGED",
    `The files of the model version in ${path.basename(folder)} must have the SHA-256 ${sha256}. ` +
      `Received ${found}. Restore them from a backup, or register the run again.`,
  );
}

/**
 * Makes a finished folder appear under its final name, whole or not at all: everything in it is on
 * the disk before the rename, and the rename is on the disk before this returns.
 */
export async function publishFolder(temporary: string, final: string): Promise<void> {
  for (const name of await filesBelow(temporary)) await syncToDisk(path.join(temporary, name));
  for (const name of await foldersBelow(temporary)) await syncToDisk(path.join(temporary, name));
  await syncToDisk(temporary);
  await rename(temporary, final);
  await syncToDisk(path.dirname(final));
}

async function syncToDisk(fileOrFolder: string): Promise<void> {
  await using handle = await open(fileOrFolder, "r");
  await handle.sync();
}

/** Paths relative to the folder, with forward slashes, sorted. */
async function filesBelow(folder: string): Promise<string[]> {
  return await entriesBelow(folder, true);
}

async function foldersBelow(folder: string): Promise<string[]> {
  return await entriesBelow(folder, false);
}

async function entriesBelow(folder: string, files: boolean): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() === files)
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .sort();
}
