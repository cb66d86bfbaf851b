import { readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { publishFolder, withTemporaryFolder } from "./shared-cache.js";
import type { LibraryWheel } from "./wheel.js";
import type { DownloadWheel } from "./wheel-download.js";
import { unpackWheel, verifyWheel } from "./wheel-unpack.js";

/**
 * Provides the files of a wheel in the folder `name` of the cache, and downloads it when they are missing or damaged.
 *
 * @param complete adds other files to the folder before it appears
 * @returns the folder, with the files under their names in the wheel
 * @throws AppError with the codes of the library, `PYTHON_MISSING`, `PIP_MISSING`
 */
export async function provideWheelFolder(options: {
  readonly cacheFolder: string;
  readonly name: string;
  readonly wheel: LibraryWheel;
  readonly download: DownloadWheel;
  readonly progress: (line: string) => void;
  readonly complete?: (folder: string) => Promise<void>;
}): Promise<string> {
  const { cacheFolder, name, wheel, download, progress, complete } = options;
  const { checked } = wheel.library;
  return publishFolder({
    cacheFolder,
    name,
    isWhole: (folder) => hasRecordedSizes(folder, checked),
    fill: async (temporary) => {
      await withTemporaryFolder(cacheFolder, "wheel", async (downloads) => {
        const file = await download(wheel, downloads, progress);
        await verifyWheel(file, wheel);
        await unpackWheel(file, temporary, wheel.library, progress);
      });
      await complete?.(temporary);
      await recordSizes(temporary, checked);
    },
  });
}

/** The sizes of the libraries reveal a truncated file and are quick to check at every start. */
const SIZES_FILE = "sizes.json";

async function recordSizes(folder: string, files: readonly string[]): Promise<void> {
  await writeFile(path.join(folder, SIZES_FILE), JSON.stringify(await sizesOf(folder, files)));
}

async function hasRecordedSizes(folder: string, files: readonly string[]): Promise<boolean> {
  try {
    const recorded = await readFile(path.join(folder, SIZES_FILE), "utf8");
    return recorded === JSON.stringify(await sizesOf(folder, files));
  } catch {
    return false;
  }
}

async function sizesOf(folder: string, files: readonly string[]): Promise<readonly number[]> {
  const found = await Promise.all(files.map((name) => stat(path.join(folder, name))));
  return found.map(({ size }) => size);
}
