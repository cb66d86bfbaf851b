import { stat } from "node:fs/promises";

/** Whether there is a file of that name; a folder is none, and one that cannot be looked at neither. */
export async function isFile(file: string): Promise<boolean> {
  return (await stat(file).catch(() => null))?.isFile() ?? false;
}
