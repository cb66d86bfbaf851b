import { setTimeout as delay } from "node:timers/promises";

export interface Retries {
  /** Whether the failure may pass, so that the work is tried again. */
  readonly isPassing: (error: unknown) => boolean;
  /** Ends the wait under way: the work is tried once more, and what it throws then is thrown. */
  readonly signal: AbortSignal;
  /** The first wait; each is twice as long as the one before. */
  readonly firstMs: number;
  readonly lastMs: number;
}

/** What the work gives, which is tried again and again, with longer and longer waits, while its failures may pass. */
export async function retrying<T>(
  work: () => Promise<T>,
  { isPassing, signal, firstMs, lastMs }: Retries,
): Promise<T> {
  for (let waitMs = firstMs; ; waitMs = Math.min(2 * waitMs, lastMs)) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error) || signal.aborted) throw error;
      await delay(waitMs, undefined, { signal }).catch(() => {});
    }
  }
}
