import { userInfo } from "node:os";
import pg from "pg";
import { AppError } from "../../core/app-error.js";
import { messageOf } from "../../lang/text/message-of.js";
import { firstSchemaOf } from "./search-path.js";
import { hasRoots, SSL_MODES, type SslMode, SYSTEM_ROOTS, tlsOf, type WaysToConnect } from "./tls.js";

/** The settings of `DATABASE_URL`. Where it leaves one out, `pg` reads psql's variable, such as `PGUSER`. */
export interface UrlSettings {
  readonly user: string;
  /** Null: `pg` looks for it. */
  readonly password: string | null;
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  /** Null: it has the name of the user. */
  readonly database: string | null;
  readonly schema: string;
  readonly applicationName: string;
  readonly options: string | null;
  readonly connectTimeoutMs: number | null;
  readonly keepAlive: boolean;
  readonly connectionLimit: number | null;
  readonly sslNegotiation: "postgres" | "direct";
  readonly channelBinding: boolean;
  /** The way to connect, and the one to try when it fails. */
  readonly tls: WaysToConnect;
  /** The server and the database for messages, without password. */
  readonly name: string;
}

/** Imports hold a connection each, and everything else needs some, too. */
const MIN_CONNECTIONS = 4;

const MAX_PORT = 65_535;
/** PostgreSQL cuts longer names off. */
const MAX_NAME_BYTES = 63;
/** The beginnings of what pg-connection-string reads as a URL or as the folder of a socket. */
const FORM = /^(?:postgres(?:ql)?:\/\/|socket:|\/)/i;

const WHOLE_NUMBER = /^[0-9]{1,9}$/;
const SWITCH = ["0", "1"];

/**
 * Reads the parameters of a URL. Each has the meaning that libpq gives it, or Prisma (`schema`, `connection_limit`,
 * `pgbouncer`). A parameter that this table lacks is refused: it would be without effect.
 */
const PARAMETERS = {
  // Read by `pg`.
  host: anything,
  port: anything,
  user: anything,
  password: anything,
  db: anything,
  dbname: anything,
  // Read here.
  schema: anything,
  application_name: anything,
  fallback_application_name: anything,
  options: anything,
  connect_timeout: matching(WHOLE_NUMBER, "a number of seconds"),
  connection_limit: matching(WHOLE_NUMBER, "a number"),
  keepalives: oneOf(SWITCH),
  ssl: oneOf(["true", "1", "false", "0"]),
  sslmode: oneOf(SSL_MODES),
  sslrootcert: anything,
  sslcert: anything,
  sslkey: anything,
  sslpassword: anything,
  sslnegotiation: oneOf(["postgres", "direct"]),
  channel_binding: oneOf(["disable", "prefer"]),
  // Accepted where the value asks for what happens anyway.
  uselibpqcompat: anything,
  pgbouncer: anything,
  encoding: oneOf(["utf8", "UTF8", "utf-8", "UTF-8"]),
  client_encoding: oneOf(["utf8", "UTF8", "utf-8", "UTF-8", "auto"]),
  gssencmode: oneOf(["disable", "prefer"]),
  target_session_attrs: oneOf(["any"]),
  load_balance_hosts: oneOf(["disable"]),
  replication: oneOf(["false", "0", "off", "no"]),
} satisfies Record<string, (name: string, value: string) => void>;

type Parameter = keyof typeof PARAMETERS;

/**
 * Reads a `DATABASE_URL` in any form that pg-connection-string accepts: `postgres://` and `postgresql://`, `socket:`, a
 * folder of a Unix socket followed by a database, hosts as parameters and percent-encoded.
 *
 * @throws AppError `DATABASE_URL_INVALID`, whose message contains no part of the URL that can be secret
 */
export function databaseUrlOf(url: string): UrlSettings {
  if (!FORM.test(url)) throw invalid("is not a URL such as postgresql://user:password@host/database");
  const [base = "", ...rest] = url.split("?");
  const query = new URLSearchParams(rest.join("?"));
  const { authority = "", behind = "" } =
    /^(?:[a-z]+:\/\/(?<authority>[^/?]*))?(?<behind>.*)$/is.exec(url)?.groups ?? {};
  // A part of a password may be there, so nothing of it is shown.
  if (behind.includes("@")) throw unreadable();
  const hosts = authority.slice(authority.lastIndexOf("@") + 1);
  if (hosts.includes(",") || query.get("host")?.includes(",")) {
    throw invalid("names several hosts, but only one is supported");
  }
  for (const [name, value] of query) checkParameter(name, value);
  const get = (name: Parameter): string | null => query.get(name) || null;

  checkPort(authority, hosts, get("port"));

  const { user, password, host, port, database } = parsed(base, query, hosts);
  // libpq's other form, `host=… password=…`, whose parts must not be taken for a database.
  if (url.startsWith("/") && database?.includes("=")) {
    throw invalid("has settings after the folder of a socket, where only the name of a database can stand");
  }
  const role = user ?? accountName();
  const schema = get("schema") ?? firstSchemaOf(get("options") ?? "") ?? "public";
  checkSchema(schema);
  const connectTimeout = numberOrNull(get("connect_timeout"));
  const connectionLimit = numberOrNull(get("connection_limit"));
  if (connectionLimit !== null && connectionLimit < MIN_CONNECTIONS) {
    throw invalid(
      `sets connection_limit to ${connectionLimit}, but Espalier needs ${MIN_CONNECTIONS} or more`,
    );
  }
  const where = host.includes(":") ? `[${host}]` : host;
  return {
    user: role,
    password,
    host,
    port,
    database: get("dbname") ?? database,
    schema,
    applicationName: get("application_name") ?? get("fallback_application_name") ?? "espalier",
    options: get("options"),
    connectTimeoutMs: connectTimeout === null || connectTimeout === 0 ? null : connectTimeout * 1000,
    keepAlive: get("keepalives") !== "0",
    connectionLimit,
    sslNegotiation: get("sslnegotiation") === "direct" ? "direct" : "postgres",
    channelBinding: get("channel_binding") === "prefer",
    tls: waysToConnect(host, get),
    name: `PostgreSQL at ${where}:${port}, database ${get("dbname") ?? database ?? role},`,
  };
}

function waysToConnect(host: string, get: (name: Parameter) => string | null): WaysToConnect {
  // Servers offer no TLS on Unix sockets.
  if (host.startsWith("/")) return [false];
  const files = {
    rootCertificate: get("sslrootcert"),
    certificate: get("sslcert"),
    key: get("sslkey"),
    keyPassword: get("sslpassword"),
  };
  const mode = modeOf(get);
  if (mode === "verify-ca" && !hasRoots(files)) {
    throw invalid(
      "sets sslmode to verify-ca without sslrootcert, the file of the certificates to trust, and there is no " +
        "~/.postgresql/root.crt",
    );
  }
  try {
    return tlsOf(mode, host, files);
  } catch (cause) {
    const reason = messageOf(cause);
    throw invalid(`names a file of TLS that cannot be read: ${reason}`, cause);
  }
}

/** `ssl` is a parameter of `pg`. Without any of them, libpq prefers TLS. */
function modeOf(get: (name: Parameter) => string | null): SslMode {
  const mode = SSL_MODES.find((name) => name === get("sslmode"));
  if (mode !== undefined) return mode;
  const ssl = get("ssl");
  if (ssl !== null) return ssl === "true" || ssl === "1" ? "verify-full" : "disable";
  if (get("sslrootcert") === SYSTEM_ROOTS) return "verify-full";
  return get("sslnegotiation") === "direct" ? "require" : "prefer";
}

/** Refuses a wrong port without showing it, since it may be a part of a password where an "@" is missing. */
function checkPort(authority: string, hosts: string, parameter: string | null): void {
  const text = parameter ?? /^(?:\[[^\]]*\]|[^:[\]]*):(?<port>.+)$/s.exec(hosts)?.groups?.port ?? null;
  if (text === null) return;
  const port = WHOLE_NUMBER.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= MAX_PORT) return;
  const hint = authority.includes("@") || parameter !== null ? "" : ", and a user and a password end with @";
  throw invalid(`has a port that is not a number from 1 to ${MAX_PORT}${hint}`);
}

function checkSchema(schema: string): void {
  const name = JSON.stringify(schema);
  if (schema === "$user") {
    throw invalid(
      `asks for the schema of the role with "$user", but its name is needed, such as ?schema=app`,
    );
  }
  if (schema.startsWith("pg_") || schema === "information_schema") {
    throw invalid(`names the schema ${name}, which PostgreSQL keeps for itself`);
  }
  if (Buffer.byteLength(schema) > MAX_NAME_BYTES) {
    throw invalid(`names the schema ${name}, which is longer than ${MAX_NAME_BYTES} bytes`);
  }
}

/** The user that psql connects as where nothing names one. */
function accountName(): string {
  try {
    return userInfo().username;
  } catch (cause) {
    throw invalid("names no user, and the account of this process has no name", cause);
  }
}

function parsed(base: string, query: URLSearchParams, hosts: string) {
  const location = new URLSearchParams();
  for (const name of ["host", "port", "user", "password", "db"]) {
    const value = query.get(name);
    if (value !== null) location.set(name, value);
  }
  const suffix = location.size === 0 ? "" : `?${location}`;
  try {
    return read(`${base}${suffix}`);
  } catch (cause) {
    if (hosts !== "" && isReadable(base.replace(hosts, () => "localhost"))) {
      throw invalid(
        "has a host that cannot be read: an IPv6 address with a zone is given as in ?host=fe80::1%25eth0",
        nameOf(cause),
      );
    }
    throw unreadable(cause);
  }
}

/** Through a client that is never connected: the form of URLs is that of pg-connection-string, which `pg` uses. */
function read(connectionString: string) {
  const client = new pg.Client({ connectionString, ssl: false });
  const { user = null, password = null, host, port, database = null } = client;
  return { user, password, host, port, database };
}

function isReadable(connectionString: string): boolean {
  try {
    read(connectionString);
    return true;
  } catch {
    return false;
  }
}

function checkParameter(name: string, value: string): void {
  const check = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name as Parameter] : null;
  if (check === null) throw invalid(`has the parameter ${JSON.stringify(name)}, which is not supported`);
  check(name, value);
}

function anything(): void {}

function oneOf(values: readonly string[]): (name: string, value: string) => void {
  return (name, value) => {
    if (!values.includes(value)) {
      const supported =
        values.length === 1 ? values[0] : `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
      throw invalid(`sets ${name} to ${JSON.stringify(value)}, but only ${supported} is supported`);
    }
  };
}

function matching(form: RegExp, meaning: string): (name: string, value: string) => void {
  return (name, value) => {
    if (!form.test(value)) throw invalid(`sets ${name} to ${JSON.stringify(value)}, which is not ${meaning}`);
  };
}

function numberOrNull(text: string | null): number | null {
  return text === null ? null : Number(text);
}

/** @param cause is not shown, because it may contain the URL */
function unreadable(cause?: unknown): AppError {
  return invalid(
    "cannot be read: special characters of the user and the password are written as in %40 for @",
    nameOf(cause),
  );
}

function nameOf(cause: unknown): string | undefined {
  return cause instanceof Error ? cause.name : undefined;
}

function invalid(problem: string, cause?: unknown): AppError {
  return new AppError("DATABASE_URL_INVALID", `DATABASE_URL ${problem}.`, { cause });
}
