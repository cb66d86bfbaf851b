import { enableCompileCache } from "node:module";
import path from "node:path";
import { Command } from "commander";
import { EXIT, parseCommandLine } from "../client/command-line.js";
import { explainError } from "../core/app-error.js";
import { productVersion } from "../lang/package-version.js";
import { projectRoot } from "../lang/project-root.js";
import { docsCommand } from "./docs.js";
import { migrationsCommand } from "./migrations.js";
import { schemaCommand } from "./schema.js";
import { serveCommand } from "./serve.js";
import { setupCommand } from "./setup.js";
import { workerCommand } from "./worker.js";

// Saves the next start from compiling some 1,500 modules. The actions import what they need themselves, after this.
enableCompileCache(path.join(projectRoot(), "node_modules/.cache/compiled"));

const espalier = new Command("espalier")
  .description("Trains, tracks, compares and serves image classifiers behind one GraphQL API.")
  .version(await productVersion(), "--version", "print the version");
for (const command of [
  serveCommand(),
  workerCommand(),
  setupCommand(),
  schemaCommand(),
  docsCommand(),
  migrationsCommand(),
]) {
  espalier.addCommand(command);
}

const words = process.argv.slice(2);
try {
  const ended = await parseCommandLine(espalier, words);
  if (ended !== null) process.exitCode = ended;
} catch (error) {
  process.stderr.write(`espalier ${words[0]}: ${explainError(error)}\n`);
  process.exitCode = EXIT.failure;
}
