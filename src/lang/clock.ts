/** Time, as a dependency. */
export interface Clock {
  now(): Date;
  /** Milliseconds since some moment; never goes back, so it measures durations. */
  monotonicMs(): number;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};
