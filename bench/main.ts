import { ClientError, explainError } from "../src/client/client-error.js";
import type { Benchmark, Measurement } from "./benchmark.js";
import { eventLoop } from "./event-loop/event-loop.js";
import { fanout } from "./fanout/fanout.js";
import { input } from "./input/input.js";
import { describeMachine } from "./machine.js";
import { peers } from "./peers/peers.js";
import { recipe } from "./recipe/recipe.js";
import { store } from "./store/store.js";
import { train } from "./train/train.js";

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  train,
  input,
  eventloop: eventLoop,
  fanout,
  recipe,
  peers,
  store,
};
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

const json = process.argv.includes("--json");
const [name = "", ...args] = process.argv.slice(2).filter((argument) => argument !== "--json");
process.exitCode = await main();

async function main(): Promise<number> {
  const benchmark = BENCHMARKS[name];
  if (benchmark === undefined) {
    process.stderr.write(usageOf(Object.keys(BENCHMARKS)));
    return EXIT_USAGE;
  }
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupted.abort());
  try {
    // npm runs scripts in the project's folder and says here where it was called.
    const measure = benchmark.prepare(args, process.env.INIT_CWD ?? process.cwd());
    // Progress goes to standard error, so that the last line of standard output is the result.
    const report = (line: string) => process.stderr.write(`${line}\n`);
    await print(await measure({ report, signal: interrupted.signal }));
    return 0;
  } catch (error) {
    if (interrupted.signal.aborted) return EXIT_INTERRUPTED;
    process.stderr.write(`${explainError(error)}\n`);
    if (!(error instanceof ClientError) || error.code !== "USAGE") return 1;
    process.stderr.write(`\n${usageOf([name])}`);
    return EXIT_USAGE;
  }
}

async function print(measurement: Measurement): Promise<void> {
  const machine = await describeMachine();
  if (json) {
    process.stdout.write(`${JSON.stringify({ bench: name, ...measurement, machine })}\n`);
    return;
  }
  for (const [figure, value] of Object.entries({ ...measurement.figures, ...measurement.settings })) {
    process.stdout.write(`${figure.padEnd(32)} ${value}\n`);
  }
  process.stdout.write(`on ${machine.processor}, ${machine.cores} cores (${machine.isa.join(" ")})\n`);
}

function usageOf(names: readonly string[]): string {
  const lines = names.map((known) => {
    const { summary = "", usage = "" } = BENCHMARKS[known] ?? {};
    return `  ${known.padEnd(12)} ${summary}\n${usage}`;
  });
  return `Usage: npm run bench -- <name> [options] [--json]\n${lines.join("")}`;
}
