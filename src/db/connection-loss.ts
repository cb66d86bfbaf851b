/** Codes of Node.js for a connection that cannot be made, or that broke. */
const NETWORK_CODES: ReadonlySet<unknown> = new Set([
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
 * PostgreSQL's own (https://www.postgresql.org/docs/current/errcodes-appendix.html): connection exceptions, too many
 * connections, a full disk, a server that shuts down, crashes or starts, or that gave up an idle transaction.
 */
const SQL_STATE = /^(08...|53...|57P0[1-5]|25P0[34])$/;
/** pg gives these no code. */
const MESSAGE =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect)/;

/** Whether it is the way to the server, or the server as a whole, that failed, and not what was asked of it. */
export function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { readonly code?: unknown };
  return (
    NETWORK_CODES.has(code) ||
    (typeof code === "string" && SQL_STATE.test(code)) ||
    MESSAGE.test(error.message)
  );
}
