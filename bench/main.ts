import { Command } from "commander";
import { explainError } from "../src/client/client-error.js";
import { EXIT, parseCommandLine } from "../src/client/command-line.js";
import type { Benchmark, Measurement, RunBenchmark } from "./benchmark.js";
import { compression } from "./compression/compression.js";
import { eventLoop } from "./event-loop/event-loop.js";
import { exports } from "./exports/exports.js";
import { fanout } from "./fanout/fanout.js";
import { input } from "./input/input.js";
import { describeMachine } from "./machine.js";
import { peers } from "./peers/peers.js";
import { recipe } from "./recipe/recipe.js";
import { store } from "./store/store.js";
import { train } from "./train/train.js";

const BENCHMARKS: readonly Benchmark[] = [
  train,
  input,
  eventLoop,
  fanout,
  recipe,
  peers,
  store,
  exports,
  compression,
];

const program = new Command("bench")
  .description(
    "Measures one thing on this machine. Progress goes to standard error, the result to standard output.",
  )
  .option("--json", "print the result as one line of JSON");
for (const benchmark of BENCHMARKS) program.addCommand(benchmark(runBenchmark));

const ended = await parseCommandLine(program, process.argv.slice(2));
if (ended !== null) process.exitCode = ended;

async function runBenchmark(...[name, measure]: Parameters<RunBenchmark>): Promise<void> {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupted.abort());
  try {
    const report = (line: string): boolean => process.stderr.write(`${line}\n`);
    const measurement = await measure({ report, signal: interrupted.signal });
    await print(name, measurement, { json: program.opts<{ json?: boolean }>().json === true });
  } catch (error) {
    process.exitCode = interrupted.signal.aborted ? EXIT.interrupted : EXIT.failure;
    if (!interrupted.signal.aborted) process.stderr.write(`${explainError(error)}\n`);
  }
}

async function print(name: string, measurement: Measurement, { json }: { json: boolean }): Promise<void> {
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
