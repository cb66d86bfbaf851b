import { existsSync } from "node:fs";
import path from "node:path";

/**
 * The folder that holds package.json, migrations and the web build, found by walking up, so that it
 * is right both in the sources and below `dist/`.
 */
export function projectRoot(from: string = import.meta.dirname): string {
  for (let folder = from; ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, "package.json"))) return folder;
    if (folder === path.dirname(folder)) throw new Error(`No package.json above ${from}.`);
  }
}
