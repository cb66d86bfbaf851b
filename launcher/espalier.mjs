#!/usr/bin/env node
/** The `espalier` program of package.json: `npx espalier <command>` in a checkout, or anywhere after `npm link`. */
import { runCommand } from "./run-command.mjs";

process.exitCode = await runCommand("cli", process.argv.slice(2));
