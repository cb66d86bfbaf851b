const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * Waits for a request to stop the process. A signal that arrives during the start is remembered, and stops the process
 * once it is up. Until it is disposed, an open standard input keeps the process alive.
 */
export class StopSignal implements Disposable {
  /** Resolves when the process is asked to stop. */
  readonly requested: Promise<void>;
  readonly #resolve: () => void;

  /**
   * @param options.withStandardInput true when a program started this process and holds its standard input open: the
   *   process must not outlive that program
   */
  constructor(options: { readonly withStandardInput: boolean }) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.requested = promise;
    this.#resolve = () => resolve();
    for (const signal of SIGNALS) process.once(signal, this.#resolve);
    if (options.withStandardInput) process.stdin.resume().once("end", this.#resolve);
  }

  [Symbol.dispose](): void {
    for (const signal of SIGNALS) process.removeListener(signal, this.#resolve);
    process.stdin.destroy();
  }
}
