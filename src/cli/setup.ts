import { provideNativeLibrary } from "../app/maintenance.js";
import { parseConfig } from "../core/config.js";
import { parseFlag } from "./command.js";

export async function run(args: readonly string[]): Promise<number> {
  parseFlag(args, null);
  await provideNativeLibrary(parseConfig(process.env), (line) => process.stderr.write(`${line}\n`));
  return 0;
}
