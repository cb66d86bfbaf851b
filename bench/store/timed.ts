import type { BenchContext } from "../benchmark.js";
import { percentile } from "../figures/percentile.js";

/** Milliseconds. */
export interface Times {
  readonly p50: number;
  readonly p95: number;
}

/** Calls that are made first and not counted: connections are opened and plans made. */
const WARM_UP = 3;

/** How long calls take, one after another. @param call is given its number, from 0 */
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
