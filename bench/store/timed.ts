import type { BenchContext } from "../benchmark.js";
import { percentile } from "../figures/percentile.js";

/** Percentiles of latencies, in milliseconds. */
export interface Times {
  readonly p50: number;
  readonly p95: number;
}

/** The first calls open connections and prepare plans. They are not counted. */
const WARM_UP = 3;

/** Measures calls one after another. @param call gets the number of the call, from 0 */
export async function timed(
  calls: number,
  { signal }: BenchContext,
  call: (number: number) => Promise<unknown>,
): Promise<Times> {
  const times: number[] = [];
  for (let number = 0; number < WARM_UP + calls; number++) {
    signal.throwIfAborted();
    const started = performance.now();
    await call(number);
    if (number >= WARM_UP) times.push(performance.now() - started);
  }
  return { p50: percentile(times, 0.5), p95: percentile(times, 0.95) };
}
