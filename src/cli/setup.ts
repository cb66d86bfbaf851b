import { Command } from "commander";
import { parseConfig } from "../core/config.js";
import { environmentHelp } from "./environment-help.js";

export function setupCommand(): Command {
  return new Command("setup")
    .summary("download TensorFlow and build its addon and the custom ops")
    .description(
      "Downloads and verifies the TensorFlow library, and builds its addon for Node and the custom ops. Everything is " +
        "kept in the cache folder, so later calls find it in place. The other commands do the same when they need it.",
    )
    .addHelpText("after", environmentHelp("setup"))
    .action(async () => {
      const { provideNativeLibrary } = await import("../app/maintenance.js");
      await provideNativeLibrary(parseConfig(process.env), (line) => process.stderr.write(`${line}\n`));
    });
}
