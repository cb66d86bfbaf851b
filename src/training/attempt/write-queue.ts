import { isDatabaseTrouble } from "../../core/database-trouble.js";
import { retrying } from "../../lang/retrying.js";
import type { Log } from "../../telemetry/log.js";
import type { AttemptTime } from "./attempt-time.js";

const WAITS = { firstMs: 100, lastMs: 5_000 };
/** Maximum number of waiting writes, because each can keep the checkpoint of an epoch on the disk. */
const MAX_WAITING = 64;

export interface WriteQueueOptions {
  readonly log: Log;
  /** Does not count the time in which training waits for the database. */
  readonly time: AttemptTime;
  /** Gives up the waiting writes when it aborts. */
  readonly closing: AbortSignal;
  /** Called with the first failure that has another cause than the state of the database. No later write is tried. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Writes to the database in order, while training continues. Writes that fail because the database is unreachable or
 * read-only are repeated until it accepts them.
 */
export class WriteQueue {
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;
  #failure: { readonly error: unknown } | null = null;

  constructor(private readonly options: WriteQueueOptions) {}

  /**
   * Appends a write to those that wait. It can run more than once: when the connection is lost, it is unknown whether the
   * database has carried it out.
   *
   * @returns immediately, unless too many writes wait
   */
  async write(work: () => Promise<void>): Promise<void> {
    this.#waiting += 1;
    this.#tail = this.#tail.then(() => this.#carryOut(work));
    if (this.#waiting > MAX_WAITING) await this.options.time.exclude(this.#tail);
  }

  /** Resolves when everything is written. @throws the failure of a write */
  async flush(): Promise<void> {
    await this.options.time.exclude(this.#tail);
    if (this.#failure !== null) throw this.#failure.error;
  }

  async #carryOut(work: () => Promise<void>): Promise<void> {
    try {
      if (this.#failure === null) await untilWritten(work, this.options);
    } catch (error) {
      this.#failure = { error };
      this.options.onFailure(error);
    } finally {
      this.#waiting -= 1;
    }
  }
}

/**
 * Repeats the work, with increasing waits, while the database is unreachable or read-only.
 *
 * @throws other failures of the work; while closing, also those
 */
export function untilWritten<T>(
  work: () => Promise<T>,
  { log, closing }: Pick<WriteQueueOptions, "log" | "closing">,
): Promise<T> {
  const isTemporary = (error: unknown): boolean => {
    const away = isDatabaseTrouble(error);
    if (away && !closing.aborted) log.warn("the database accepts no writes; one waits for it", { error });
    return away;
  };
  return retrying(work, { isTemporary, signal: closing, ...WAITS });
}
