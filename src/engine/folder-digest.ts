import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import path from "node:path";

/** Hashing one chunk blocks the event loop for about a millisecond. */
const CHUNK_BYTES = 1024 * 1024;

export interface FolderDigest {
  readonly sizeBytes: number;
  /** In lower-case hexadecimal. */
  readonly sha256: string;
}

/**
 * Computes the SHA-256 over the names, sizes and contents of a folder's files, in the order of their names. It is equal
 * for equal files wherever the folder lies. Files in folders inside it are included under their relative path. Reads in
 * chunks, so the memory does not grow with the files.
 */
export async function digestFolder(folder: string): Promise<FolderDigest> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for (const name of await filesBelow(folder)) {
    const file = path.join(folder, name);
    const { size } = await stat(file);
    // With the size, bytes that move from one file to the next change the digest.
    hash.update(`${name}\n${size}\n`);
    const chunks = createReadStream(file, { highWaterMark: CHUNK_BYTES });
    for await (const chunk of chunks) hash.update(chunk);
    sizeBytes += size;
  }
  return { sizeBytes, sha256: hash.digest("hex") };
}

/** The size and the SHA-256 of a file, read in chunks. */
export async function digestFile(file: string): Promise<FolderDigest> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES })) {
    hash.update(chunk);
    sizeBytes += chunk.length;
  }
  return { sizeBytes, sha256: hash.digest("hex") };
}

/** Paths relative to the folder, with forward slashes, sorted. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"))
    .sort();
}
