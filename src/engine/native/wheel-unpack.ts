import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import yauzl from "yauzl";
import { AppError } from "../../core/app-error.js";
import { percentages } from "./percentages.js";
import type { LibraryWheel, WheelLibrary } from "./wheel.js";

/**
 * @throws AppError with the code of the library for a file that is not the published one
 */
export async function verifyWheel(file: string, { sha256, library }: LibraryWheel): Promise<void> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  const found = hash.digest("hex");
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
  const zip = await yauzl.openPromise(file, { lazyEntries: true, autoClose: false });
  try {
    const entries: yauzl.Entry[] = [];
    for await (const entry of zip.eachEntry()) if (isUnpacked(entry.fileName, unpacked)) entries.push(entry);
    const total = entries.reduce((sum, entry) => sum + entry.uncompressedSize, 0);
    const report = percentages(`Unpacking ${name}`, progress);
    let done = 0;
    for (const entry of entries) {
      // yauzl refuses names that are absolute or lead upward.
      const target = path.join(folder, entry.fileName);
      await mkdir(path.dirname(target), { recursive: true });
      await pipeline(
        await zip.openReadStreamPromise(entry),
        async function* (chunks: AsyncIterable<Buffer>) {
          for await (const chunk of chunks) {
            done += chunk.length;
            report(done, total);
            yield chunk;
          }
        },
        createWriteStream(target),
      );
    }
  } finally {
    zip.close();
  }
}

function isUnpacked(name: string, unpacked: readonly string[]): boolean {
  return (
    !name.endsWith("/") &&
    unpacked.some((wanted) => name === wanted || (wanted.endsWith("/") && name.startsWith(wanted)))
  );
}
