/**
 * What was opened, in order; disposing closes it in the opposite order, each even if another fails.
 * (AsyncDisposableStack does the same, and came with Node 24.)
 */
export class OwnedResources implements AsyncDisposable {
  #resources: AsyncDisposable[] = [];

  /** Takes `resource` over and returns it. */
  own<T extends AsyncDisposable>(resource: T): T {
    this.#resources.push(resource);
    return resource;
  }

  /** Calls `close` when the time comes. */
  defer(close: () => unknown): void {
    this.#resources.push({
      async [Symbol.asyncDispose]() {
        await close();
      },
    });
  }

  /** Hands everything over to the result, so that disposing of this one closes nothing. */
  move(): OwnedResources {
    const moved = new OwnedResources();
    moved.#resources = this.#resources;
    this.#resources = [];
    return moved;
  }

  /** @throws AggregateError of all that could not be closed */
  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (let resource = this.#resources.pop(); resource !== undefined; resource = this.#resources.pop()) {
      try {
        await resource[Symbol.asyncDispose]();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, "Not everything could be closed.");
  }
}
