/** A source of time, so that tests can provide their own. */
export interface Clock {
  now(): Date;
  /** Milliseconds since an arbitrary moment. Never goes back, so it measures durations. */
  monotonicMs(): number;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};
