import { driverErrorOf } from "./driver-error.js";

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
const SQL_STATE = /^(08...|53...|57P0[1-5]|25P0[34])$/;
/** Errors of pg that have no code. */
const MESSAGE =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect)/;

/** Whether the server or the connection to it failed, rather than the statement. */
export function isConnectionLoss(error: unknown): boolean {
  const found = driverErrorOf(error);
  if (found === null) return false;
  const { code, message } = found;
  return MESSAGE.test(message) || (code !== null && (NETWORK_CODES.has(code) || SQL_STATE.test(code)));
}
