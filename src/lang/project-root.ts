import { existsSync } from "node:fs";
import path from "node:path";

/**
 * The folder of the project, with package.json, the migrations and the web build. It is found by walking up, so that it
 * is the same for the sources and for the compiled code below `dist/`.
 */
export function projectRoot(from: string = import.meta.dirname): string {
  for (let folder = from; ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, "package.json"))) return folder;
    if (folder === path.dirname(folder))
      throw new Error(`Expected a package.json above ${from}. There is none.`);
  }
}
