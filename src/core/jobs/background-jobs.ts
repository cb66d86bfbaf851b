import { retrying } from "../../lang/retrying.js";
import { AppError } from "../app-error.js";
import { isDatabaseTrouble } from "../database-trouble.js";

/** Waits between tries while the database is away. */
const WAITS = { firstMs: 100, lastMs: 5_000 };

export interface JobNaming {
  /** "an import" */
  readonly job: string;
  /** The field of the log that holds the id of a job. */
  readonly idField: string;
  /** The reason of a job that failed with an unexpected error, whose details are in the log. */
  readonly unexpected: () => AppError;
}

/** The part of a log that jobs write to. */
interface JobLog {
  warn(message: string, fields: Readonly<Record<string, unknown>>): void;
  error(message: string, fields: Readonly<Record<string, unknown>>): void;
}

/**
 * Work that a server does in the background, each piece for one row of the database. It outlasts outages of the database.
 * Disposing ends it; it starts again when the next process starts.
 */
export class BackgroundJobs implements AsyncDisposable {
  readonly #naming: JobNaming;
  readonly #log: JobLog;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(naming: JobNaming, log: JobLog) {
    this.#naming = naming;
    this.#log = log;
  }

  /** Aborts when the work must end. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Owns work whose errors are logged. @returns a promise that is never rejected */
  own(id: string, work: Promise<void>): Promise<void> {
    const running = work
      .catch((error: unknown) => {
        // The row stays as it is, and the next process starts the job again.
        if (this.#closing.signal.aborted) return;
        this.#log.error(`${this.#naming.job} stopped`, this.#fields(id, error));
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
    return running;
  }

  /** Repeats `work` for as long as the database is away. @throws its other errors; any error while closing */
  outlasting<T>(id: string, work: () => Promise<T>): Promise<T> {
    const isTemporary = (error: unknown): boolean => {
      const passes = isDatabaseTrouble(error);
      if (passes) this.#log.warn(`${this.#naming.job} waits for the database`, this.#fields(id, error));
      return passes;
    };
    return retrying(work, { isTemporary, signal: this.#closing.signal, ...WAITS });
  }

  /**
   * Returns what `work` returns, or why the job fails.
   *
   * @throws errors of a database that is away; any error while closing
   */
  async failureOr<T>(id: string, work: () => Promise<T>): Promise<T | AppError> {
    try {
      return await work();
    } catch (error) {
      if (this.#closing.signal.aborted || isDatabaseTrouble(error)) throw error;
      if (error instanceof AppError) return error;
      this.#log.error(`${this.#naming.job} failed unexpectedly`, this.#fields(id, error));
      return this.#naming.unexpected();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new Error("The server is closing."));
    await Promise.all(this.#running);
  }

  #fields(id: string, error: unknown): Readonly<Record<string, unknown>> {
    return { [this.#naming.idField]: id, error };
  }
}
