import { stat } from "node:fs/promises";

/** Whether the path leads to a folder, itself or through links. */
export function isFolder(target: string): Promise<boolean> {
  return stat(target).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
