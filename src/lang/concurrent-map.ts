/**
 * Runs `work` on every item, at most `limit` at once, and waits for all that began, also after one
 * failed: nothing is left running. Items are taken from the source only when there is room for them.
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

/** Apart, since the compiler cannot see that a callback sets it. */
function throwFailure(failure: { readonly error: unknown } | null): void {
  if (failure !== null) throw failure.error;
}
