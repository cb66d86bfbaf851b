import { authorMigration, migrationDrift } from "../app/maintenance.js";
import { parseConfig } from "../core/config.js";
import { UsageError } from "./command.js";

export async function run(args: readonly string[]): Promise<number> {
  const [action, intent, ...rest] = args;
  if (action === "--check" && intent === undefined) {
    const drift = await migrationDrift(parseConfig(process.env));
    if (drift === null) return 0;
    process.stderr.write(`prisma/schema.prisma has changes that no migration makes:\n\n${drift}\n`);
    return 1;
  }
  if (action === "new" && intent !== undefined && rest.length === 0) {
    const written = await authorMigration(parseConfig(process.env), intent);
    process.stderr.write(written === null ? "Nothing to migrate.\n" : `Wrote ${written}\n`);
    return 0;
  }
  throw new UsageError("Expected `--check`, or `new` with a short intent such as add_run_priority.");
}
