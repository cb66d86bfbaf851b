import { setTimeout as delay } from "node:timers/promises";

export interface Retries {
  /** Whether the failure is temporary, so that the work is repeated. */
  readonly isTemporary: (error: unknown) => boolean;
  /** Ends the current wait: the work is tried once more, and its failure is thrown. */
  readonly signal: AbortSignal;
  /** The first wait. Every later wait is twice as long as the one before, up to `lastMs`. */
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Repeats the work, with increasing waits, until it succeeds or fails with an error that is not temporary. */
export async function retrying<T>(
  work: () => Promise<T>,
  { isTemporary, signal, firstMs, lastMs }: Retries,
): Promise<T> {
  for (let waitMs = firstMs; ; waitMs = Math.min(2 * waitMs, lastMs)) {
    try {
      return await work();
    } catch (error) {
      if (!isTemporary(error) || signal.aborted) throw error;
      await delay(waitMs, undefined, { signal }).catch(() => {});
    }
  }
}
