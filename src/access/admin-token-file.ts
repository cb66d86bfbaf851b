import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { AppError } from "../core/app-error.js";
import { whenMissing } from "../lang/system-errors.js";
import { isSecret } from "./token-secret.js";

const FILE_NAME = "admin-token";
const OWNER_ONLY = 0o600;

export function adminTokenFile(homeFolder: string): string {
  return path.join(homeFolder, FILE_NAME);
}

/**
 * Reads the secret in the file; null when there is no file. Removes the permissions of other users on the file.
 *
 * @throws AppError `ADMIN_TOKEN_FILE_INVALID` when it contains something else
 */
export async function readAdminToken(file: string): Promise<string | null> {
  const text = await readFile(file, "utf8").catch(whenMissing(null));
  if (text === null) return null;
  const secret = text.trim();
  if (!isSecret(secret)) {
    throw new AppError(
      "ADMIN_TOKEN_FILE_INVALID",
      `${file} must contain one access token (esp_…) and does not. Delete it to create a new one.`,
    );
  }
  await chmod(file, OWNER_ONLY);
  return secret;
}

/** Writes the file completely or not at all. It is never readable by other users, not even for a moment. */
export async function writeAdminToken(file: string, secret: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}.tmp`;
  await writeFile(unfinished, `${secret}\n`, { mode: OWNER_ONLY });
  await rename(unfinished, file);
}
