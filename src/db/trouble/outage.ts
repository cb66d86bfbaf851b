import { isDatabaseTrouble } from "../../core/database-trouble.js";
import { retrying } from "../../lang/retrying.js";

const WAITS = { firstMs: 50, lastMs: 1_000 };

/**
 * Returns what `read` returns, and tries it again for as long as the database is in trouble.
 *
 * @throws any other error of `read`, and the reason of `signal` when it aborts
 */
export async function outlastingOutages<T>(read: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const readUnlessAborted = (): Promise<T> => {
    signal.throwIfAborted();
    return read();
  };
  return retrying(readUnlessAborted, { isTemporary: isDatabaseTrouble, signal, ...WAITS });
}
