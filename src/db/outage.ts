import { setTimeout as delay } from "node:timers/promises";
import { isConnectionLoss } from "./connection-loss.js";

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 1_000;

/**
 * What `read` gives, which is tried again for as long as the database is away.
 *
 * @throws what `read` throws for another reason; the reason of `signal` when it aborts meanwhile
 */
export async function outlastingOutages<T>(read: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let waitMs = FIRST_RETRY_MS; ; waitMs = Math.min(2 * waitMs, LAST_RETRY_MS)) {
    try {
      return await read();
    } catch (error) {
      if (!isConnectionLoss(error)) throw error;
      await delay(waitMs, undefined, { signal });
    }
  }
}
