import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { whenMissing } from "../../lang/system-errors.js";
import type { KeptCheckpoint } from "../record/checkpoint-store.js";

/** Removes checkpoints that an attempt saved without recording them before it died. */
export async function removeUnnamedCheckpoints(
  checkpointsFolder: string,
  named: readonly KeptCheckpoint[],
): Promise<void> {
  const kept = new Set(named.map(({ folder }) => folder));
  const found = await readdir(checkpointsFolder).catch(whenMissing([]));
  await removeCheckpoints(
    checkpointsFolder,
    found.filter((folder) => !kept.has(folder)),
  );
}

export async function removeCheckpoints(
  checkpointsFolder: string,
  folders: readonly string[],
): Promise<void> {
  for (const folder of folders) {
    await rm(path.join(checkpointsFolder, folder), { recursive: true, force: true });
  }
}
