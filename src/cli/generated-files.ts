import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { EXIT } from "../client/command-line.js";
import { projectRoot } from "../lang/project-root.js";

/**
 * Writes files of the project that the code determines, or with `check` only compares them: then a file that differs is
 * named on standard error, and the exit code is 1.
 *
 * @param files the text of each file by its path in the project
 */
export async function writeOrCheck(
  files: Readonly<Record<string, string>>,
  { check }: { readonly check: boolean },
): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(projectRoot(), name);
    const current = await readFile(file, "utf8").catch(() => null);
    if (current === text) continue;
    if (check) {
      process.stderr.write(`${name} differs from the code. Run \`npm run schema\` and commit the result.\n`);
      process.exitCode = EXIT.failure;
    } else {
      await writeFile(file, text);
      process.stderr.write(`Wrote ${name}\n`);
    }
  }
}
