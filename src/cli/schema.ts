import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { emitSchema } from "../app/maintenance.js";
import { projectRoot } from "../lang/project-root.js";
import { parseFlag } from "./command.js";

export async function run(args: readonly string[]): Promise<number> {
  const check = parseFlag(args, "--check");
  const file = path.join(projectRoot(), "schema.graphql");
  const current = await emitSchema();
  if (!check) {
    await writeFile(file, current);
    return 0;
  }
  const committed = await readFile(file, "utf8").catch(() => "");
  if (committed === current) return 0;
  process.stderr.write("schema.graphql differs from the code. Run `node dist/src/cli/main.js schema`.\n");
  return 1;
}
