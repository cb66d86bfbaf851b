import { Command } from "commander";
import { addOptions, type Options, type OptionTable } from "../src/client/options.js";

/** Figures by name. The name says the unit: `maxPauseMs`. */
export interface Measurement {
  readonly figures: Readonly<Record<string, number>>;
  readonly settings: Readonly<Record<string, number | string | boolean>>;
}

/** Input of a benchmark, from the program that runs it. */
export interface BenchContext {
  /** Prints a line of progress. */
  report(line: string): void;
  /** Aborted when the user interrupts the benchmark, which then stops its processes and removes its files. */
  readonly signal: AbortSignal;
}

/** Runs a benchmark and prints its result. */
export type RunBenchmark = (
  name: string,
  measure: (context: BenchContext) => Promise<Measurement>,
) => Promise<void>;

/** A benchmark as a command of `npm run bench`. */
export type Benchmark = (run: RunBenchmark) => Command;

/**
 * Defines a benchmark.
 *
 * @param summary one line: what is measured, on which work
 */
export function benchmark<Table extends OptionTable>(
  name: string,
  summary: string,
  table: Table,
  measure: (options: Options<Table>, context: BenchContext) => Promise<Measurement>,
): Benchmark {
  return (run) => {
    const command = new Command(name).description(summary).configureHelp({ showGlobalOptions: true });
    return addOptions(command, table, (options) => run(name, (context) => measure(options, context)));
  };
}
