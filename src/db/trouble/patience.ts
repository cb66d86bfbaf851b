import { retrying } from "../../lang/retrying.js";
import type { Log } from "../../telemetry/log.js";
import { databaseError, OutcomeUnknown } from "./database-error.js";
import type { DatabaseIdentity } from "./refusal.js";
import { type TemporaryFailure, temporaryFailureOf } from "./temporary-failure.js";

/** How long work waits for a server that restarts or fails over. Then the caller learns of it. */
const PATIENCE_MS = 10_000;
/** Short at first: after a deadlock, the other transaction only has to commit. */
const WAITS = { firstMs: 10, lastMs: 500 };
/** Everything that runs meets the same failure, which is logged once in this time. */
const LOG_INTERVAL_MS = 5_000;

/** Repeats work on a database while it fails temporarily, within a limit of time. */
export class Patience {
  readonly #hurry = new AbortController();
  #loggedMs = Number.NEGATIVE_INFINITY;

  /** @param database names the database in errors */
  constructor(
    private readonly database: DatabaseIdentity,
    private readonly log: Log,
    private readonly patienceMs: number = PATIENCE_MS,
  ) {}

  /**
   * Returns what `work` returns. A try that failed temporarily must have changed nothing, unless it throws
   * `OutcomeUnknown`, which is not repeated.
   *
   * @throws AppError `DATABASE_UNREACHABLE`, `DATABASE_READ_ONLY` or `DATABASE_CONFLICT` when the failure lasts; any other
   *   error of `work`
   */
  async outlast<T>(work: () => Promise<T>): Promise<T> {
    const deadlineMs = performance.now() + this.patienceMs;
    const isTemporary = (error: unknown): boolean => {
      const failure = error instanceof OutcomeUnknown ? null : temporaryFailureOf(error);
      if (failure === null) return false;
      this.#report(failure, error);
      return performance.now() < deadlineMs;
    };
    try {
      return await retrying(work, { isTemporary, signal: this.#hurry.signal, ...WAITS });
    } catch (error) {
      throw this.translate(error);
    }
  }

  /** The error that callers see instead of `error`. */
  translate(error: unknown): unknown {
    return databaseError(this.database, error);
  }

  #report(failure: TemporaryFailure, error: unknown): void {
    const nowMs = performance.now();
    if (failure === "CONFLICT") {
      this.log.debug("repeating a change that PostgreSQL rolled back because of another one", { error });
    } else if (nowMs - this.#loggedMs >= LOG_INTERVAL_MS) {
      this.#loggedMs = nowMs;
      this.log.warn("waiting for the database", { failure, error });
    }
  }

  /** Ends all waits, now and from now on, because the process ends. */
  hurry(): void {
    this.#hurry.abort();
  }
}
