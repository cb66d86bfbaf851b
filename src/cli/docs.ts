import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { projectRoot } from "../lang/project-root.js";
import { parseFlag } from "./command.js";
import { REFERENCE_PAGES } from "./reference-pages.js";

/** Writes every reference page, or with --check says which of them are out of date. */
export async function run(args: readonly string[]): Promise<number> {
  const check = parseFlag(args, "--check");
  let outdated = 0;
  for (const [name, page] of Object.entries(REFERENCE_PAGES)) {
    const file = path.join(projectRoot(), name);
    const committed = await readFile(file, "utf8").catch(() => "");
    if (committed === page()) continue;
    if (check) {
      process.stderr.write(`${name} differs from the code. Run \`node dist/src/cli/main.js docs\`.\n`);
      outdated += 1;
    } else {
      await writeFile(file, page());
    }
  }
  return outdated === 0 ? 0 : 1;
}
