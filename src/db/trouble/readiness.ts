import type pg from "pg";
import { z } from "zod";
import { readOnly, unreachable } from "./database-error.js";

/** Probes usually give up after a few seconds. */
const ANSWER_MS = 3_000;

const MAX_ATTEMPTS = 3;

const STATE = z.tuple([z.object({ standby: z.boolean(), readOnly: z.boolean() })]);
type State = z.infer<typeof STATE>[0];

/** Checks at once, without waiting for a server that is away, whether it answers and accepts writes. */
export class Readiness {
  #checking: Promise<void> | null = null;

  constructor(
    private readonly database: string,
    private readonly pool: pg.Pool,
  ) {}

  /**
   * Checks that occur at the same time share one query, since anyone may ask for them.
   *
   * @throws AppError `DATABASE_UNREACHABLE`, `DATABASE_READ_ONLY`
   */
  check(): Promise<void> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = null;
    });
    return this.#checking;
  }

  async #check(): Promise<void> {
    const { standby, readOnly: isReadOnly } = await this.#askAgain(AbortSignal.timeout(ANSWER_MS));
    if (standby) throw readOnly(this.database, "it is a standby");
    if (isReadOnly) throw readOnly(this.database, "default_transaction_read_only is on");
  }

  /** Asks on other connections after one that broke: those of before a restart may still be in the pool. */
  async #askAgain(timeout: AbortSignal): Promise<State> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#ask(timeout);
      } catch (cause) {
        if (timeout.aborted || attempt === MAX_ATTEMPTS) throw unreachable(this.database, cause);
      }
    }
  }

  async #ask(timeout: AbortSignal): Promise<State> {
    const connecting = this.pool.connect();
    const client = await Promise.race([connecting, aborted(timeout)]).catch((error: unknown) => {
      connecting.then(
        (late) => late.release(),
        () => {},
      );
      throw error;
    });
    let broken: Error | undefined;
    try {
      const query = {
        text: `SELECT pg_is_in_recovery() AS standby, current_setting('transaction_read_only')::boolean AS "readOnly"`,
        query_timeout: ANSWER_MS,
      };
      return STATE.parse((await client.query(query)).rows)[0];
    } catch (error) {
      broken = error instanceof Error ? error : new Error(String(error));
      throw error;
    } finally {
      client.release(broken);
    }
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () =>
      reject(new Error(`there was no answer within ${ANSWER_MS / 1000} s`)),
    );
  });
}
