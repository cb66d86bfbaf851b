import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { AppError, hasCode } from "../../core/app-error.js";
import { isFile } from "../../lang/is-file.js";
import { recoverFolder, replaceFolder } from "../durable-folder.js";
import type { TensorValue } from "../engine-protocol.js";
import { digestFolder, type FolderDigest } from "../folder-digest.js";
import type { Session } from "../session.js";

/** The name that a SavedModel uses in `variables/` too, so that a checkpoint can be copied there unchanged. */
const PREFIX = "variables";

/**
 * Saves every variable of a session with TensorFlow's `SaveV2`. The folder appears complete or not at all, and an
 * existing one stays until the new one has reached the disk.
 *
 * @param folder created with its parents; only one save at a time may write to it
 * @returns the size of the files, and the digest that `restoreCheckpoint` compares
 * @throws AppError `ENGINE_ERROR` when the files cannot be written; an existing checkpoint is unchanged
 */
export async function saveCheckpoint(session: Session, folder: string): Promise<FolderDigest> {
  const parent = path.dirname(folder);
  const temporaryPrefix = `.tmp-${path.basename(folder)}-`;
  await mkdir(parent, { recursive: true });
  await recoverFolder(folder);
  await removeLeftovers(parent, temporaryPrefix);
  const temporary = await mkdtemp(path.join(parent, temporaryPrefix));
  try {
    await session.run("save", { prefix: text(path.join(temporary, PREFIX)) });
    const digest = await digestFolder(temporary);
    await replaceFolder(temporary, folder);
    return digest;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Restores every variable of a session with `RestoreV2`, which reads all of them before it changes any. The graph of the
 * session may have fewer variables than the checkpoint: a serving graph reads a training checkpoint.
 *
 * @param sha256 the digest that `saveCheckpoint` returned; without it only TensorFlow's own checksums are compared
 * @throws AppError `CHECKPOINT_MISSING`, `CHECKPOINT_DAMAGED`; the variables are unchanged
 */
export async function restoreCheckpoint(session: Session, folder: string, sha256?: string): Promise<void> {
  await recoverFolder(folder);
  const index = path.join(folder, `${PREFIX}.index`);
  if (!(await isFile(index))) {
    throw new AppError(
      "CHECKPOINT_MISSING",
      `Expected a checkpoint in ${folder}. There is no ${PREFIX}.index.`,
    );
  }
  if (sha256 !== undefined) {
    const found = (await digestFolder(folder)).sha256;
    if (found !== sha256) {
      throw new AppError(
        "CHECKPOINT_DAMAGED",
        `The checkpoint in ${folder} has changed since it was saved: expected SHA-256 ${sha256}, found ${found}.`,
      );
    }
  }
  try {
    await session.run("restore", { prefix: text(path.join(folder, PREFIX)) });
  } catch (error) {
    if (!hasCode(error, "ENGINE_ERROR")) throw error;
    throw new AppError(
      "CHECKPOINT_DAMAGED",
      `The checkpoint in ${folder} cannot be restored into this graph: ${error.message}`,
      { cause: error },
    );
  }
}

function text(value: string): TensorValue {
  return { dtype: "string", shape: [], data: [value] };
}

/** Removes the temporary folders of saves that a crash interrupted; a checkpoint can take gigabytes. */
async function removeLeftovers(parent: string, prefix: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (name.startsWith(prefix)) await rm(path.join(parent, name), { recursive: true, force: true });
  }
}
