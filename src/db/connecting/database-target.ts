import pg from "pg";
import { startError } from "../trouble/database-error.js";
import type { DatabaseIdentity } from "../trouble/refusal.js";
import { databaseUrlOf, type UrlSettings } from "./database-url.js";
import { setSession } from "./session-settings.js";
import type { Tls } from "./tls.js";

/** Purposes of connections, which their names on the server show. */
export type Purpose = "" | "-notifier" | "-migrations" | "-pooler-check" | "-scratch";

const CONNECT_TIMEOUT_MS = 10_000;
/** Errors of the network, after which the other way to connect would fail as well. */
const UNREACHABLE: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "ETIMEDOUT",
]);

/**
 * A database and how to connect to it, as `DATABASE_URL` says. Every kind of connection is made from it, so that all of
 * them understand the URL in the same way.
 */
export class DatabaseTarget implements DatabaseIdentity {
  private constructor(
    readonly url: string,
    private readonly settings: UrlSettings,
    private readonly tls: Tls,
  ) {}

  /**
   * Reads the URL. Where `sslmode` allows connections both with and without TLS, one is made to find out which the server
   * accepts.
   *
   * @throws AppError `DATABASE_URL_INVALID`, `DATABASE_UNREACHABLE`
   */
  static async of(url: string): Promise<DatabaseTarget> {
    const settings = databaseUrlOf(url);
    const [first, second] = settings.tls;
    const target = new DatabaseTarget(url, settings, first);
    if (second === undefined) return target;
    const problem = await target.#problem();
    if (problem === null) return target;
    if (isOfNetwork(problem)) throw startError(target, problem);
    const alternative = new DatabaseTarget(url, settings, second);
    const otherProblem = await alternative.#problem();
    if (otherProblem === null) return alternative;
    throw startError(target, lacksTls(problem) ? otherProblem : problem);
  }

  /** The schema of the tables. */
  get schema(): string {
    return this.settings.schema;
  }

  /** Maximum number of connections of a pool; null where the URL says nothing. */
  get connectionLimit(): number | null {
    return this.settings.connectionLimit;
  }

  get database(): string {
    return this.settings.database ?? this.settings.user;
  }

  /** The role that it connects as. */
  get role(): string {
    return this.settings.user;
  }

  /** The server and the database for messages, without password. */
  get name(): string {
    return this.settings.name;
  }

  /** Another database of the same server, with the tables in the schema `public`. */
  withDatabase(database: string): DatabaseTarget {
    return new DatabaseTarget(this.url, { ...this.settings, database, schema: "public" }, this.tls);
  }

  /** The options of `pg` for a connection. */
  clientConfig(purpose: Purpose): pg.ClientConfig {
    const { user, password, host, port, database, applicationName, options, connectTimeoutMs } =
      this.settings;
    const { keepAlive, sslNegotiation, channelBinding } = this.settings;
    return {
      ...withoutNulls({ user, password, host, port, database, options }),
      application_name: `${applicationName}${purpose}`,
      connectionTimeoutMillis: connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      keepAlive,
      ssl: this.tls,
      sslnegotiation: this.tls === false ? "postgres" : sslNegotiation,
      enableChannelBinding: channelBinding,
    };
  }

  /** Why it cannot be connected to; null when it can. */
  async #problem(): Promise<unknown> {
    try {
      await (await this.open("")).end();
      return null;
    } catch (error) {
      return error;
    }
  }

  /**
   * Connects, and sets what the product relies on. The caller ends the connection.
   *
   * @param config changes to `clientConfig`
   * @throws the error of `pg`
   */
  async connect(purpose: Purpose, config: pg.ClientConfig = {}): Promise<pg.Client> {
    const client = await this.open(purpose, config);
    try {
      await setSession(client, this.schema, 0);
      return client;
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
  }

  /** Connects, and leaves the session as the server began it. */
  async open(purpose: Purpose, config: pg.ClientConfig = {}): Promise<pg.Client> {
    const client = new pg.Client({ ...this.clientConfig(purpose), ...config });
    // A query on a broken connection fails; without a listener, the event would end the process.
    client.on("error", () => {});
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
  }
}

function isOfNetwork(error: unknown): boolean {
  return error instanceof Error && "code" in error && UNREACHABLE.has(error.code);
}

/** The message of `pg`, which has no code. */
function lacksTls(error: unknown): boolean {
  return error instanceof Error && error.message === "The server does not support SSL connections";
}

function withoutNulls<T extends object>(values: T): { [Name in keyof T]: NonNullable<T[Name]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)) as {
    [Name in keyof T]: NonNullable<T[Name]>;
  };
}
