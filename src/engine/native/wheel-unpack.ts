import path from "node:path";
import { AppError } from "../../core/app-error.js";
import { digestFile } from "../folder-digest.js";
import { unpackZip } from "../unpack-zip.js";
import { percentages } from "./percentages.js";
import type { LibraryWheel, WheelLibrary } from "./wheel.js";

/**
 * @throws AppError with the code of the library for a file that is not the published one
 */
export async function verifyWheel(file: string, { sha256, library }: LibraryWheel): Promise<void> {
  const { sha256: found } = await digestFile(file);
  if (found === sha256) return;
  throw new AppError(
    library.codes.checksumMismatch,
    `${path.basename(file)} is not the file that was published: expected SHA-256 ${sha256}, found ${found}. ` +
      "It was changed on the way from PyPI: check pip's index and proxies, then start again.",
  );
}

/** Unpacks the files of a wheel that the library needs below `folder`, with their names in the wheel. */
export async function unpackWheel(
  file: string,
  folder: string,
  { name, unpacked }: Pick<WheelLibrary, "name" | "unpacked">,
  progress: (line: string) => void,
): Promise<void> {
  const report = percentages(`Unpacking ${name}`, progress);
  await unpackZip(file, folder, { isWanted: (entry) => isUnpacked(entry, unpacked), onProgress: report });
}

function isUnpacked(name: string, unpacked: readonly string[]): boolean {
  return unpacked.some((wanted) => name === wanted || (wanted.endsWith("/") && name.startsWith(wanted)));
}
