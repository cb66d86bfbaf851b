import { chmod, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { createFolder } from "../../lang/create-folder.js";
import { ignoring } from "../../lang/system-errors.js";
import { syncFolder } from "../durable-folder.js";

const TEMPORARY = ".tmp-";
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Puts a folder into the cache, which checkouts share and may fill at the same time. It is filled under a temporary name
 * and appears complete. A second process uses the folder of the first one.
 *
 * @param isWhole whether an existing folder can be used; a damaged one is replaced
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
    // A temporary folder is its owner's alone. An image for Docker fills the cache as another user than it runs as.
    await chmod(temporary, 0o755);
    await syncFolder(temporary);
    // Checked again: filling can take minutes, and another checkout may have been faster.
    if (await isWhole(target)) return;
    await withTemporaryFolder(cacheFolder, `${name}-damaged`, async (aside) => {
      await rename(target, path.join(aside, name)).catch(ignoring("ENOENT"));
      await rename(temporary, target).catch(ignoring("ENOTEMPTY", "EEXIST"));
    });
  });
  return target;
}

/** Runs `work` with a temporary folder on the disk of the cache, and removes it afterwards. */
export async function withTemporaryFolder<T>(
  cacheFolder: string,
  name: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  await createFolder(cacheFolder);
  await removeAbandoned(cacheFolder);
  const folder = await mkdtemp(path.join(cacheFolder, `${TEMPORARY}${name}-`));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Removes the folders that killed set-ups left. A set-up that still runs may own a folder that is less than a day old. */
async function removeAbandoned(cacheFolder: string): Promise<void> {
  for (const name of await readdir(cacheFolder)) {
    if (!name.startsWith(TEMPORARY)) continue;
    const folder = path.join(cacheFolder, name);
    const changed = (await stat(folder).catch(() => null))?.mtimeMs ?? Date.now();
    if (Date.now() - changed > DAY_MS) await rm(folder, { recursive: true, force: true });
  }
}
