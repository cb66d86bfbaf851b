import { hasCode } from "../../core/app-error.js";
import { retrying } from "../../lang/retrying.js";
import type { Log } from "../../telemetry/log.js";

const WAITS = { firstMs: 100, lastMs: 5_000 };
/** Writes that may wait: each may hold the checkpoint of an epoch on the disk. */
const MOST_WAITING = 64;

export interface PatientWriterOptions {
  readonly log: Log;
  /** Gives up what still waits, when it aborts. */
  readonly closing: AbortSignal;
  /** Told of the first write that failed for another reason than a database that is away; no later one is tried. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Writes to the database one after the other, behind training, which does not wait for them. What cannot be
 * written while the database is away is written once it is back, in the same order.
 */
export class PatientWriter {
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;
  #failure: { readonly error: unknown } | null = null;

  constructor(private readonly options: PatientWriterOptions) {}

  /**
   * Puts a write behind those that wait. It may run more than once: when the connection is lost nobody can tell
   * whether the database has taken it.
   *
   * @returns at once, unless very many wait
   */
  async write(work: () => Promise<void>): Promise<void> {
    this.#waiting += 1;
    this.#tail = this.#tail.then(() => this.#carryOut(work));
    if (this.#waiting > MOST_WAITING) await this.#tail;
  }

  /** Resolves when everything is written. @throws what a write failed with */
  async flush(): Promise<void> {
    await this.#tail;
    if (this.#failure !== null) throw this.#failure.error;
  }

  async #carryOut(work: () => Promise<void>): Promise<void> {
    try {
      if (this.#failure === null) await untilTaken(work, this.options);
    } catch (error) {
      this.#failure = { error };
      this.options.onFailure(error);
    } finally {
      this.#waiting -= 1;
    }
  }
}

/**
 * Repeats the work, with longer and longer waits, until the database is there to take it.
 *
 * @throws what the work throws for another reason, or while closing
 */
export function untilTaken<T>(
  work: () => Promise<T>,
  { log, closing }: Pick<PatientWriterOptions, "log" | "closing">,
): Promise<T> {
  const isTemporary = (error: unknown): boolean => {
    const away = isDatabaseAway(error);
    if (away && !closing.aborted) log.warn("the database is away; what was to be written waits", { error });
    return away;
  };
  return retrying(work, { isTemporary, signal: closing, ...WAITS });
}

export function isDatabaseAway(error: unknown): boolean {
  return hasCode(error, "DATABASE_UNREACHABLE");
}
