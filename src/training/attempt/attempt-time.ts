import type { Clock } from "../../lang/clock.js";

/** Measures the time that trainers spend on a run. Waiting for an unreachable database does not count. */
export class AttemptTime {
  readonly #startedMs: number;
  #stoppedMs: number | null = null;
  /** Waiting that is over. */
  #waitedMs = 0;
  /** When the present waiting began, and how many waits overlap in it. */
  #waiting = { sinceMs: 0, count: 0 };

  /**
   * Begins to measure.
   *
   * @param earlierSeconds time of the earlier attempts at the run
   */
  constructor(
    private readonly clock: Clock,
    private readonly earlierSeconds: number,
  ) {
    this.#startedMs = clock.monotonicMs();
  }

  /** Seconds of all attempts at the run until now. */
  get totalSeconds(): number {
    const nowMs = this.#stoppedMs ?? this.clock.monotonicMs();
    const waitingMs = this.#waiting.count > 0 ? nowMs - this.#waiting.sinceMs : 0;
    return this.earlierSeconds + (nowMs - this.#startedMs - this.#waitedMs - waitingMs) / 1000;
  }

  /** Ends the attempt's time. */
  stop(): void {
    this.#stoppedMs ??= this.clock.monotonicMs();
  }

  /** Awaits something that is not training. */
  async exclude<T>(wait: Promise<T>): Promise<T> {
    if (this.#waiting.count === 0) this.#waiting.sinceMs = this.clock.monotonicMs();
    this.#waiting.count += 1;
    try {
      return await wait;
    } finally {
      this.#waiting.count -= 1;
      if (this.#waiting.count === 0) this.#waitedMs += this.clock.monotonicMs() - this.#waiting.sinceMs;
    }
  }
}
