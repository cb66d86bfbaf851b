import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import type { Log } from "../telemetry/log.js";

/** One channel for all keys, so that a listener never changes what it listens to. */
const CHANNEL = "espalier";
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 5_000;
/** How often the connection is tried when nothing comes, and how long an answer may take. */
const CHECK_MS = 10_000;
const ANSWER_MS = 10_000;

export interface NotifierTiming {
  /** How often it is made sure that the connection still works: it may go without a word. */
  readonly checkMs: number;
  /** A server that has not answered for so long is taken for lost. */
  readonly answerMs: number;
}

/**
 * A doorbell over LISTEN and NOTIFY: it says that something changed behind a key, such as `run:<id>`,
 * and never what. Whoever is woken reads the rows; a ring may come twice or for nothing, but after a
 * change that was committed while someone subscribed, one always comes: when the connection was lost,
 * everyone is woken once it is back.
 */
export class Notifier implements AsyncDisposable {
  readonly #wakesByKey = new Map<string, Set<() => void>>();
  readonly #closing = new AbortController();
  #client: pg.Client | null = null;
  #reconnecting: Promise<void> | null = null;

  private constructor(
    private readonly url: string,
    private readonly pool: pg.Pool,
    private readonly log: Log,
    private readonly timing: NotifierTiming,
  ) {}

  /** @throws what `pg` throws when the server cannot be reached; later losses heal by themselves */
  static async start(
    url: string,
    pool: pg.Pool,
    log: Log,
    timing: NotifierTiming = { checkMs: CHECK_MS, answerMs: ANSWER_MS },
  ): Promise<Notifier> {
    const notifier = new Notifier(url, pool, log, timing);
    await notifier.#connect();
    return notifier;
  }

  /** Calls `wake` after every change behind `key` until the function it returns is called. */
  on(key: string, wake: () => void): () => void {
    // Wrapped, so that the same function subscribed twice is two subscriptions.
    const subscription = (): void => wake();
    const wakes = this.#wakesByKey.get(key) ?? new Set();
    this.#wakesByKey.set(key, wakes.add(subscription));
    return () => {
      wakes.delete(subscription);
      if (wakes.size === 0 && this.#wakesByKey.get(key) === wakes) this.#wakesByKey.delete(key);
    };
  }

  /** Rings for `key`; with a client inside a transaction, once that commits and only then. */
  async notify(key: string, client: pg.PoolClient | pg.Pool = this.pool): Promise<void> {
    await client.query(this.notifyText(key));
  }

  /** The query that rings for `key`. */
  notifyText(key: string): { text: string; values: string[] } {
    return { text: "SELECT pg_notify($1, $2)", values: [CHANNEL, key] };
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.url,
      application_name: "espalier-notifier",
      connectionTimeoutMillis: this.timing.answerMs,
      query_timeout: this.timing.answerMs,
    });
    client.on("notification", ({ payload }) => this.#ring(payload ?? ""));
    const lost = (error?: Error): void => this.#lost(client, error);
    client.on("error", lost);
    client.on("end", lost);
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
    this.#client = client;
    void this.#watch(client);
  }

  /** A power cut or a forgetful firewall ends a connection of which nothing is heard any more, not even that. */
  async #watch(client: pg.Client): Promise<void> {
    const { signal } = this.#closing;
    try {
      for (;;) {
        await delay(this.timing.checkMs, undefined, { signal, ref: false });
        if (this.#client !== client) return;
        await client.query("SELECT");
      }
    } catch (error) {
      if (signal.aborted) return;
      this.#lost(client, error instanceof Error ? error : undefined);
      await client.end().catch(() => {});
    }
  }

  #ring(key: string): void {
    for (const wake of this.#wakesByKey.get(key) ?? []) wake();
  }

  #lost(client: pg.Client, error?: Error): void {
    if (this.#client !== client) return;
    this.#client = null;
    if (this.#closing.signal.aborted) return;
    this.log.warn("lost the connection that listens for changes; connecting again", { error });
    this.#reconnecting ??= this.#reconnect().finally(() => {
      this.#reconnecting = null;
    });
  }

  async #reconnect(): Promise<void> {
    let waitMs = FIRST_RETRY_MS;
    while (!this.#closing.signal.aborted) {
      try {
        await this.#connect();
        // What happened in between rang for nobody.
        for (const key of [...this.#wakesByKey.keys()]) this.#ring(key);
        return;
      } catch {
        await delay(waitMs, undefined, { signal: this.#closing.signal }).catch(() => {});
        waitMs = Math.min(waitMs * 2, LAST_RETRY_MS);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#reconnecting;
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => {});
  }
}
