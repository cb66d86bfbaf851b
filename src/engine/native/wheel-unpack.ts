import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import yauzl from "yauzl";
import { AppError } from "../../core/app-error.js";
import { percentages } from "./percentages.js";

/** The files that the addon is compiled against and loads: a tenth of the wheel. */
const NEEDED = [
  "tensorflow/libtensorflow_cc.so.2",
  "tensorflow/libtensorflow_framework.so.2",
  "tensorflow/include/tensorflow/c/",
  "tensorflow/include/tensorflow/core/platform/",
  "tensorflow/include/tsl/",
  "tensorflow/include/xla/tsl/",
];

/**
 * @throws AppError `TENSORFLOW_CHECKSUM_MISMATCH`
 */
export async function verifyWheel(file: string, sha256: string): Promise<void> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  const found = hash.digest("hex");
  if (found === sha256) return;
  throw new AppError(
    "TENSORFLOW_CHECKSUM_MISMATCH",
    `${path.basename(file)} is not the file that was published: expected SHA-256 ${sha256}, found ${found}. ` +
      "It was changed on the way from PyPI: check pip's index and proxies, then start again.",
  );
}

/** Unpacks the libraries and headers of a wheel below `folder`, with their names in the wheel. */
export async function unpackWheel(
  file: string,
  folder: string,
  progress: (line: string) => void,
): Promise<void> {
  const zip = await yauzl.openPromise(file, { lazyEntries: true, autoClose: false });
  try {
    const entries: yauzl.Entry[] = [];
    for await (const entry of zip.eachEntry()) if (isNeeded(entry.fileName)) entries.push(entry);
    const total = entries.reduce((sum, entry) => sum + entry.uncompressedSize, 0);
    const report = percentages("Unpacking TensorFlow", progress);
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

function isNeeded(name: string): boolean {
  return (
    !name.endsWith("/") &&
    NEEDED.some((needed) => name === needed || (needed.endsWith("/") && name.startsWith(needed)))
  );
}
