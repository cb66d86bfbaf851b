/** Checks that no folder of sources holds too many files: a folder that does holds several subjects. */
import path from "node:path";
import { listFiles } from "./fingerprint.mjs";

const MAX_FILES = 20;
const FOLDERS = ["src", "test", "demo", "bench", "torture", "launcher", "native"];
const SOURCE = /\.(ts|tsx|mjs|cc|h|py)$/;
const GENERATED = /(^|\/)generated\//;

/**
 * @param {string} root the checkout
 * @returns {{ holds: boolean, report: string }}
 */
export function checkFolderSizes(root) {
  const counts = new Map();
  for (const file of listFiles(root, FOLDERS)) {
    if (!SOURCE.test(file) || GENERATED.test(file)) continue;
    const folder = path.dirname(file);
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  const tooLarge = [...counts].filter(([, count]) => count > MAX_FILES);
  return {
    holds: tooLarge.length === 0,
    report: tooLarge
      .map(
        ([folder, count]) => `${folder} has ${count} files. A folder has at most ${MAX_FILES}: group them.`,
      )
      .join("\n"),
  };
}
