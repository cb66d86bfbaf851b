import { mkdir, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { ignoring } from "../../lang/system-errors.js";
import { syncFolder } from "../durable-folder.js";

const TEMPORARY = ".tmp-";
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Puts a folder into the cache, which checkouts share and may fill at the same time: it is filled
 * under a temporary name and appears whole. Whoever comes second uses the first one's.
 *
 * @param isWhole whether the folder that is there can be used; a damaged one is replaced
 */
export async function publishFolder(options: {
  readonly cacheFolder: string;
  readonly name: string;
  readonly isWhole: (folder: string) => Promise<boolean>;
  readonly fill: (folder: string) => Promise<void>;
}): Promise<string> {
  const { cacheFolder, name, isWhole, fill } = options;
  const target = path.join(cacheFolder, name);
  if (await isWhole(target)) return target;
  await withTemporaryFolder(cacheFolder, name, async (temporary) => {
    await fill(temporary);
    await syncFolder(temporary);
    // Looked at again: filling can take minutes, and another checkout may have been faster.
    if (await isWhole(target)) return;
    await withTemporaryFolder(cacheFolder, `${name}-damaged`, async (aside) => {
      await rename(target, path.join(aside, name)).catch(ignoring("ENOENT"));
      await rename(temporary, target).catch(ignoring("ENOTEMPTY", "EEXIST"));
    });
  });
  return target;
}

/** Lends a folder inside the cache, on its disk, that is gone afterwards. */
export async function withTemporaryFolder<T>(
  cacheFolder: string,
  name: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  await mkdir(cacheFolder, { recursive: true });
  await removeAbandoned(cacheFolder);
  const folder = await mkdtemp(path.join(cacheFolder, `${TEMPORARY}${name}-`));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Removes what a killed set-up left; a younger one may still be at work. */
async function removeAbandoned(cacheFolder: string): Promise<void> {
  for (const name of await readdir(cacheFolder)) {
    if (!name.startsWith(TEMPORARY)) continue;
    const folder = path.join(cacheFolder, name);
    const changed = (await stat(folder).catch(() => null))?.mtimeMs ?? Date.now();
    if (Date.now() - changed > DAY_MS) await rm(folder, { recursive: true, force: true });
  }
}
