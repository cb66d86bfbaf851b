import { stat } from "node:fs/promises";

/** Whether a file of this name exists and can be looked at; false for a folder. */
export async function isFile(file: string): Promise<boolean> {
  return (await stat(file).catch(() => null))?.isFile() ?? false;
}
