import { enableCompileCache } from "node:module";
import path from "node:path";
import { explainError } from "../core/app-error.js";
import { projectRoot } from "../lang/project-root.js";
import { type Command, UsageError } from "./command.js";

const COMMANDS: Readonly<Record<string, Command>> = {
  serve: {
    usage: "[--json-ready]",
    summary: "serve the API and the playground, and train",
    load: () => import("./serve.js"),
  },
  worker: {
    usage: "[--json-ready]",
    summary: "train runs of a server, over the same database and home folder",
    load: () => import("./worker.js"),
  },
  setup: { usage: "", summary: "fetch and build what is missing", load: () => import("./setup.js") },
  schema: {
    usage: "[--check]",
    summary: "write schema.graphql, or say whether it is current",
    load: () => import("./schema.js"),
  },
  docs: {
    usage: "[--check]",
    summary: "write the reference pages in docs/, or say whether they are current",
    load: () => import("./docs.js"),
  },
  migrations: {
    usage: "--check | new <intent>",
    summary: "compare migrations with prisma/schema.prisma, or write the next one",
    load: () => import("./migrations.js"),
  },
};

const USAGE = `Usage: espalier <command>
${Object.entries(COMMANDS)
  .map(([name, command]) => `  ${`${name} ${command.usage}`.padEnd(34)} ${command.summary}`)
  .join("\n")}
`;

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

// Saves the next start the compiling of some 1,500 modules.
enableCompileCache(path.join(projectRoot(), "node_modules/.cache/compiled"));

const [name = "", ...args] = process.argv.slice(2);
const command = COMMANDS[name];
if (command === undefined) {
  process.stderr.write(USAGE);
  process.exitCode = EXIT_USAGE;
} else {
  try {
    const { run } = await command.load();
    process.exitCode = await run(args);
  } catch (error) {
    const misused = error instanceof UsageError;
    process.exitCode = misused ? EXIT_USAGE : EXIT_FAILURE;
    const explained = misused ? `${error.message}\n${USAGE}` : explainError(error);
    process.stderr.write(`espalier ${name}: ${explained}\n`);
  }
}
