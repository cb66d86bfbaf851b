import { driverErrorOf } from "../driver-error.js";

/** A failure of the server or of the connection to it, rather than of the statement, so that a later try may succeed. */
export type TemporaryFailure =
  /** There is no connection, or it broke. */
  | "UNREACHABLE"
  /** The server accepts no writes: it is a standby, or was made read-only. The statement changed nothing. */
  | "READ_ONLY"
  /** PostgreSQL rolled the transaction back because of others: a deadlock or a serialization failure. */
  | "CONFLICT";

/** Node's codes for a connection that cannot be made or broke. */
const NETWORK_CODES: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ENOENT", // of a Unix socket
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ETIMEDOUT",
]);
/**
 * PostgreSQL's codes for connection exceptions, too many connections, a full disk, a server that shuts down, crashes or
 * starts, and a terminated idle transaction.
 */
const UNREACHABLE = /^(08...|53...|57P0[1-5]|25P0[34])$/;
/** Errors of pg that have no code. */
const MESSAGE =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect)/;
const READ_ONLY = "25006";
const CONFLICTS: ReadonlySet<string> = new Set(["40001", "40P01"]);

/** Null when the statement itself failed, or the error has nothing to do with PostgreSQL. */
export function temporaryFailureOf(error: unknown): TemporaryFailure | null {
  const found = driverErrorOf(error);
  if (found === null) return null;
  const { code, message } = found;
  if (code === READ_ONLY) return "READ_ONLY";
  if (code !== null && CONFLICTS.has(code)) return "CONFLICT";
  const isAway = code !== null && (NETWORK_CODES.has(code) || UNREACHABLE.test(code));
  return isAway || MESSAGE.test(message) ? "UNREACHABLE" : null;
}
