import { statSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { ClientError } from "../src/client/client-error.js";

export interface DemoOptions {
  /** Archive of pictures to use instead of drawn ones; null draws them. */
  readonly dataFile: string | null;
  /** Progress on standard error, and one line of JSON as the last line of standard output. */
  readonly json: boolean;
  readonly help: boolean;
}

export const USAGE = `Usage: npm run demo -- [--data <archive>] [--json]

Does the whole job on a sample: imports pictures, trains two networks that differ in one setting,
compares them, promotes the better one and classifies with it.

  --data <archive>  a zip, tar or tar.gz with one folder of pictures per class, instead of drawn flowers
  --json            progress on standard error; standard output ends with one line of JSON
`;

/**
 * @param callerFolder what a relative archive is relative to: npm runs scripts in the project's folder
 * @throws ClientError `USAGE`, `DATA_NOT_FOUND`
 */
export function parseOptions(args: readonly string[], callerFolder: string): DemoOptions {
  const values = parse(args);
  const dataFile = values.data === undefined ? null : path.resolve(callerFolder, values.data);
  if (dataFile !== null && !statSync(dataFile, { throwIfNoEntry: false })?.isFile()) {
    throw new ClientError(
      "DATA_NOT_FOUND",
      `--data takes a zip, tar or tar.gz with one folder per class. There is no file ${dataFile}.`,
    );
  }
  return { dataFile, json: values.json ?? false, help: values.help ?? false };
}

function parse(args: readonly string[]): { data?: string; json?: boolean; help?: boolean } {
  try {
    return parseArgs({
      args: [...args],
      options: {
        data: { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new ClientError("USAGE", `${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}
