import { describeOptions, type Options, type OptionTable, parseOptions } from "./options.js";

/** Figures by name, with the unit in the name: `maxPauseMs`. */
export interface Measurement {
  readonly figures: Readonly<Record<string, number>>;
  readonly settings: Readonly<Record<string, number | string | boolean>>;
}

/** What every benchmark is given. */
export interface BenchContext {
  /** Prints a line of progress for a person. */
  report(line: string): void;
  /** Aborted when a person wants it to end: what was started is stopped, and what was written removed. */
  readonly signal: AbortSignal;
}

export interface Benchmark {
  /** One line: what is measured, on what work. */
  readonly summary: string;
  /** Lines for a person: the options. */
  readonly usage: string;
  /**
   * Reads the options; measures when the result is called.
   *
   * @param callerFolder what relative paths are relative to
   * @throws AppError `USAGE`
   */
  prepare(args: readonly string[], callerFolder: string): (context: BenchContext) => Promise<Measurement>;
}

/** A benchmark that takes the options of a table. */
export function benchmark<Table extends OptionTable>(
  summary: string,
  table: Table,
  measure: (options: Options<Table>, context: BenchContext) => Promise<Measurement>,
): Benchmark {
  return {
    summary,
    usage: describeOptions(table),
    prepare(args, callerFolder) {
      const options = parseOptions(table, args, callerFolder);
      return (context) => measure(options, context);
    },
  };
}
