import { setTimeout as delay } from "node:timers/promises";
import { sql } from "kysely";
import type pg from "pg";
import { retrying } from "../lang/retrying.js";
import type { Log } from "../telemetry/log.js";
import type { DatabaseTarget } from "./connecting/database-target.js";
import type { Connection } from "./connection.js";

/** One channel for all keys, so that a listener never changes what it listens to. */
const CHANNEL = "espalier";
const WAITS = { firstMs: 50, lastMs: 5_000 };
/** How often an idle connection is checked, and how long the answer may take. */
const CHECK_MS = 10_000;
const ANSWER_MS = 10_000;

export interface NotifierTiming {
  /** How often the connection is checked: it may be lost without any sign. */
  readonly checkMs: number;
  /** How long an answer may take before the connection counts as lost. */
  readonly answerMs: number;
}

/**
 * A doorbell over LISTEN and NOTIFY. It says that something changed behind a key, such as `run:<id>`, and not what
 * changed: a subscriber reads the rows when it is woken. A ring may come twice or without a change, but a change that
 * is committed during a subscription always rings. After a lost connection, all subscribers are woken.
 */
export class Notifier implements AsyncDisposable {
  readonly #wakesByKey = new Map<string, Set<() => void>>();
  readonly #closing = new AbortController();
  #client: pg.Client | null = null;
  #reconnecting: Promise<void> | null = null;

  private constructor(
    private readonly target: DatabaseTarget,
    private readonly kysely: Connection["kysely"],
    private readonly log: Log,
    private readonly timing: NotifierTiming,
  ) {}

  /** @throws the error of `pg` when the server cannot be reached; later losses are repaired automatically */
  static async start(
    target: DatabaseTarget,
    kysely: Connection["kysely"],
    log: Log,
    timing: NotifierTiming = { checkMs: CHECK_MS, answerMs: ANSWER_MS },
  ): Promise<Notifier> {
    const notifier = new Notifier(target, kysely, log, timing);
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

  /** Rings for `key`. Inside a transaction, the bell rings when it commits. */
  async notify(key: string, within: Pick<Connection, "kysely"> | null = null): Promise<void> {
    await sql`select pg_notify(${CHANNEL}, ${key})`.execute(within?.kysely ?? this.kysely);
  }

  async #connect(): Promise<void> {
    const { answerMs } = this.timing;
    const config = { connectionTimeoutMillis: answerMs, query_timeout: answerMs };
    const client = await this.target.connect("-notifier", config);
    client.on("notification", ({ payload }) => this.#ring(payload ?? ""));
    const lost = (error?: Error): void => this.#lost(client, error);
    client.on("error", lost);
    client.on("end", lost);
    try {
      await client.query(`LISTEN ${CHANNEL}`);
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
    this.#client = client;
    void this.#watch(client);
  }

  /** A power cut or a firewall may end a connection without closing it. */
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
    const { signal } = this.#closing;
    const connectUnlessClosing = async (): Promise<void> => {
      if (!signal.aborted) await this.#connect();
    };
    await retrying(connectUnlessClosing, { isTemporary: () => true, signal, ...WAITS }).catch(() => {});
    if (signal.aborted) return;
    // Changes during the loss rang for nobody.
    for (const key of [...this.#wakesByKey.keys()]) this.#ring(key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#reconnecting;
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => {});
  }
}
