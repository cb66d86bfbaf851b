import { provideNativeLibrary } from "../app/maintenance.js";
import { parseConfig } from "../core/config.js";
import { type Command, parseFlag } from "./command.js";

export const setup: Command = {
  usage: "",
  summary: "fetch and build what is missing",
  async run(args) {
    parseFlag(args, null);
    await provideNativeLibrary(parseConfig(process.env), (line) => process.stderr.write(`${line}\n`));
    return 0;
  },
};
