/**
 * Runs `work` on every item, at most `limit` at the same time. An item is taken from the source only when there is
 * room for it, so that a source that reads files or an archive never runs ahead. p-limit has no such backpressure: it
 * takes all items at once, and from synchronous sources alone.
 *
 * Waits for all work that began, also after a failure, so nothing is left running.
 *
 * @throws what the first failing `work` throws, or the signal's reason
 */
export async function mapConcurrently<T>(
  items: Iterable<T> | AsyncIterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const running = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | null = null;
  try {
    for await (const item of items) {
      signal?.throwIfAborted();
      if (failure !== null) break;
      const task: Promise<void> = work(item)
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => running.delete(task));
      running.add(task);
      if (running.size >= limit) await Promise.race(running);
    }
  } finally {
    await Promise.all(running);
  }
  signal?.throwIfAborted();
  throwFailure(failure);
}

/** A function of its own, because the compiler does not see that a callback sets `failure`. */
function throwFailure(failure: { readonly error: unknown } | null): void {
  if (failure !== null) throw failure.error;
}
