/**
 * Returns an iterable whose `return()` works at any time. The `return()` of an async generator waits for its current
 * step, which may never end for a quiet stream; this one aborts the signal of the generator first.
 */
export function abortable<T>(
  open: (signal: AbortSignal) => AsyncIterable<T>,
): AsyncIterableIterator<T, undefined> {
  const stop = new AbortController();
  const source = open(stop.signal)[Symbol.asyncIterator]();
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      const step = await source.next();
      return step.done === true ? { done: true, value: undefined } : { done: false, value: step.value };
    },
    async return() {
      stop.abort();
      await source.return?.();
      return { done: true, value: undefined };
    },
  };
}
