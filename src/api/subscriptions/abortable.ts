/**
 * An iterable whose `return()` works at any time. An async generator's own waits for the step under
 * way, which for a quiet stream may never end; this one aborts the generator's signal first.
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
