/** Work that several callers wait for. */
interface Shared<Listener> {
  readonly listeners: Set<Listener>;
  readonly stop: AbortController;
  readonly result: Promise<string>;
}

/**
 * Does work once for all callers that ask for it at the same time, each with a listener of its own. It is aborted when the
 * last one has given up.
 */
export class SharedWork<Key, Listener> {
  readonly #underWay = new Map<Key, Shared<Listener>>();

  /**
   * @param work called unless the same is under way
   * @throws the reason of the caller's signal when it aborts
   */
  async join(
    key: Key,
    { listener, signal }: { readonly listener: Listener; readonly signal: AbortSignal },
    work: (listeners: Iterable<Listener>, signal: AbortSignal) => Promise<string>,
  ): Promise<string> {
    signal.throwIfAborted();
    const shared = this.#underWay.get(key) ?? this.#start(key, work);
    shared.listeners.add(listener);
    try {
      return await orAborted(shared.result, signal);
    } finally {
      shared.listeners.delete(listener);
      if (shared.listeners.size === 0) this.#end(key, shared);
    }
  }

  #start(
    key: Key,
    work: (listeners: Iterable<Listener>, signal: AbortSignal) => Promise<string>,
  ): Shared<Listener> {
    const listeners = new Set<Listener>();
    const stop = new AbortController();
    const result = work(listeners, stop.signal);
    // When all callers have given up, nobody waits for its failure.
    result.catch(() => {});
    const shared = { listeners, stop, result };
    this.#underWay.set(key, shared);
    return shared;
  }

  #end(key: Key, shared: Shared<Listener>): void {
    if (this.#underWay.get(key) === shared) this.#underWay.delete(key);
    shared.stop.abort();
  }
}

function orAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    result.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
