import type { DifferenceCounts } from "./compare/difference.js";

/** What `--json` prints as the last line of standard output. */
export interface TortureReport extends DifferenceCounts {
  /** Of the server's process. */
  readonly kills: number;
  /** Kills whose run ended like the reference. */
  readonly identical: number;
  readonly postgresRestarts: number;
  /** Beside the reference. */
  readonly runs: number;
  readonly identicalRuns: number;
  /** All of them, those of weights and files among them. */
  readonly differences: number;
  readonly seed: number;
  readonly seconds: number;
}

/** The same for a person. */
export function describeReport(report: TortureReport): string {
  return Object.entries(report)
    .map(([figure, value]) => `${figure.padEnd(20)} ${value}\n`)
    .join("");
}
