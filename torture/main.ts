import { parseOptions } from "../bench/options.js";
import { ClientError } from "../src/client/client-error.js";
import { explainAll } from "./explain-all.js";
import { OPTIONS, USAGE } from "./options.js";
import { describeReport } from "./report.js";
import { torture } from "./torture.js";

const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  if (words.includes("--help")) {
    process.stdout.write(USAGE);
    return 0;
  }
  const json = words.includes("--json");
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interrupted.abort());
  try {
    // npm runs scripts in the project's folder and says here where it was called.
    const callerFolder = process.env.INIT_CWD ?? process.cwd();
    const args = words.filter((word) => word !== "--json");
    const {
      "postgres-restarts": postgresRestarts,
      data,
      ...options
    } = parseOptions(OPTIONS, args, callerFolder);
    // Progress goes to standard error, so that the last line of standard output is the result.
    const report = (line: string): boolean => process.stderr.write(`${line}\n`);
    const result = await torture(
      { ...options, postgresRestarts, dataFile: data },
      { report, signal: interrupted.signal },
    );
    process.stdout.write(json ? `${JSON.stringify(result)}\n` : describeReport(result));
    return result.differences === 0 ? 0 : 1;
  } catch (error) {
    if (interrupted.signal.aborted) return EXIT_INTERRUPTED;
    process.stderr.write(`${explainAll(error)}\n`);
    if (!(error instanceof ClientError) || error.code !== "USAGE") return 1;
    process.stderr.write(`\n${USAGE}`);
    return EXIT_USAGE;
  }
}
