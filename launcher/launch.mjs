/**
 * The one way in: `node launcher/launch.mjs <command> [args]`, which `npm run` and `npm test` use.
 * Brings a bare machine to where the command can run, then becomes the command. Runs on Node 18 and
 * needs no packages; later starts find everything in place and start one process only.
 */
import path from "node:path";
import { fileURLToPath } from "node:url";
import { COMMANDS } from "./commands.mjs";
import { provideNode } from "./node-runtime.mjs";
import { Failure, say } from "./process.mjs";
import { setUp } from "./steps.mjs";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const [name = "", ...args] = process.argv.slice(2);
const command = COMMANDS[name];

try {
  if (command === undefined) {
    throw new Failure(
      `Expected one of ${Object.keys(COMMANDS).join(", ")}. Received ${JSON.stringify(name)}.`,
    );
  }
  const node = await provideNode();
  await setUp(root, node);
  // Whatever the command starts gets the same Node.
  process.env.PATH = `${path.dirname(node)}${path.delimiter}${process.env.PATH ?? ""}`;
  process.exitCode = await command({ root, node, args });
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  say(`\n${error.message}`);
  process.exitCode = 1;
}
