import { Command } from "commander";
import { EXIT } from "../client/command-line.js";
import { parseConfig } from "../core/config.js";
import { environmentHelp } from "./environment-help.js";

export function migrationsCommand(): Command {
  const migrations = new Command("migrations")
    .summary("compare the migrations with prisma/schema.prisma, or write the next one")
    .description(
      "Works on the migrations of the database schema. They are applied to a scratch database, so what is compared is " +
        "what they do.",
    )
    .option("--check", "exit with 1 when prisma/schema.prisma has changes that no migration makes")
    .addHelpText("after", environmentHelp("migrations"))
    .action(async (options: Readonly<{ check?: boolean }>, command: Command) => {
      if (options.check !== true) command.error("Expected --check or the command new.");
      await check();
    });
  migrations
    .command("new")
    .description("write the migration that brings the database to prisma/schema.prisma")
    .argument("<intent>", "what the migration does, in snake case, such as add_run_priority")
    .action(author);
  return migrations;
}

async function check(): Promise<void> {
  const { migrationDrift } = await import("../app/maintenance.js");
  const drift = await migrationDrift(parseConfig(process.env));
  if (drift === null) return;
  process.stderr.write(
    "prisma/schema.prisma has changes that no migration makes. Run `npm run migration -- <intent>`.\n\n" +
      `${drift}\n`,
  );
  process.exitCode = EXIT.failure;
}

async function author(intent: string): Promise<void> {
  const { authorMigration } = await import("../app/maintenance.js");
  const written = await authorMigration(parseConfig(process.env), intent);
  process.stderr.write(
    written === null ? "prisma/schema.prisma has no change to migrate.\n" : `Wrote ${written}\n`,
  );
}
