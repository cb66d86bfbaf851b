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
 * The secret kept in the file, or null when there is none. Takes other users' rights to the file away.
 *
 * @throws AppError `ADMIN_TOKEN_FILE_INVALID` when it holds something else
 */
export async function readAdminToken(file: string): Promise<string | null> {
  const text = await readFile(file, "utf8").catch(whenMissing(null));
  if (text === null) return null;
  const secret = text.trim();
  if (!isSecret(secret)) {
    throw new AppError(
      "ADMIN_TOKEN_FILE_INVALID",
      `${file} must hold one access token (esp_…) and does not. Delete it to have a new one made.`,
    );
  }
  await chmod(file, OWNER_ONLY);
  return secret;
}

/** Whole or not at all, and never readable by others, not even for a moment. */
export async function writeAdminToken(file: string, secret: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}.tmp`;
  await writeFile(unfinished, `${secret}\n`, { mode: OWNER_ONLY });
  await rename(unfinished, file);
}
