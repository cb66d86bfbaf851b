import type { DifferenceCounts } from "./compare/difference.js";

/** The result, which `--json` prints as the last line of standard output. */
export interface TortureReport extends DifferenceCounts {
  /** Number of kills of the server process. */
  readonly kills: number;
  /** Kills in runs that ended like the reference. */
  readonly identical: number;
  readonly postgresRestarts: number;
  /** Number of times that PostgreSQL became read-only for a while. */
  readonly failovers: number;
  /** Number of transactions of the server that PostgreSQL rolled back because of a deadlock. */
  readonly deadlocks: number;
  /** Number of imports during which PostgreSQL was killed and started again. */
  readonly importRestarts: number;
  /** Those of them whose version equals that of an undisturbed import. */
  readonly identicalImports: number;
  /** Runs besides the reference. */
  readonly runs: number;
  readonly identicalRuns: number;
  /** All differences, including those of weights and files. */
  readonly differences: number;
  readonly seed: number;
  readonly seconds: number;
}

/** Formats the result for a terminal. */
export function describeReport(report: TortureReport): string {
  return Object.entries(report)
    .map(([figure, value]) => `${figure.padEnd(20)} ${value}\n`)
    .join("");
}
