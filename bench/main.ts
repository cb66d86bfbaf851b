import type { Benchmark } from "./benchmark.js";
import { eventLoop } from "./event-loop.js";
import { describeMachine } from "./machine.js";

const BENCHMARKS: Readonly<Record<string, Benchmark>> = { eventloop: eventLoop };

const json = process.argv.includes("--json");
const [name = "", ...rest] = process.argv.slice(2).filter((argument) => argument !== "--json");
const benchmark = BENCHMARKS[name];
if (benchmark === undefined || rest.length > 0) {
  const known = Object.entries(BENCHMARKS).map(
    ([known, { summary }]) => `  ${known.padEnd(12)} ${summary}\n`,
  );
  process.stderr.write(`Usage: npm run bench -- <name> [--json]\n${known.join("")}`);
  process.exitCode = 2;
} else {
  // Progress goes to standard error, so that the last line of standard output is the result.
  const measurement = await benchmark.run((line) => process.stderr.write(`${line}\n`));
  const machine = await describeMachine();
  if (json) {
    process.stdout.write(`${JSON.stringify({ bench: name, ...measurement, machine })}\n`);
  } else {
    for (const [figure, value] of Object.entries(measurement.figures)) {
      process.stdout.write(`${figure.padEnd(24)} ${value}\n`);
    }
    process.stdout.write(`on ${machine.processor}, ${machine.cores} cores (${machine.isa.join(" ")})\n`);
  }
}
