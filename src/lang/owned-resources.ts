/**
 * Owns opened resources. Disposing closes them in the opposite order, also those behind one that fails to close.
 * (AsyncDisposableStack does the same, but only since Node 24.)
 */
export class OwnedResources implements AsyncDisposable {
  #resources: AsyncDisposable[] = [];

  /** Takes ownership of `resource` and returns it. */
  own<T extends AsyncDisposable>(resource: T): T {
    this.#resources.push(resource);
    return resource;
  }

  /** Calls `close` on disposal, in its turn. */
  defer(close: () => unknown): void {
    this.#resources.push({
      async [Symbol.asyncDispose]() {
        await close();
      },
    });
  }

  /** Moves everything to the result, so that disposing of this object closes nothing. */
  move(): OwnedResources {
    const moved = new OwnedResources();
    moved.#resources = this.#resources;
    this.#resources = [];
    return moved;
  }

  /** @throws AggregateError with every failure to close a resource */
  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (let resource = this.#resources.pop(); resource !== undefined; resource = this.#resources.pop()) {
      try {
        await resource[Symbol.asyncDispose]();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, "Some resources could not be closed.");
  }
}
