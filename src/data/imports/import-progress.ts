/** Between two writes. */
const INTERVAL_MS = 250;

/** Writes the newest progress at intervals, one write after the other. */
export class ImportProgress {
  #lastMs = Number.NEGATIVE_INFINITY;
  #writing: Promise<void> = Promise.resolve();
  #isWriting = false;

  constructor(
    private readonly write: (filesDone: number) => Promise<void>,
    private readonly onError: (error: unknown) => void,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  report(filesDone: number): void {
    const nowMs = this.nowMs();
    if (this.#isWriting || nowMs - this.#lastMs < INTERVAL_MS) return;
    this.#lastMs = nowMs;
    this.#isWriting = true;
    // An import does not fail because its progress cannot be written.
    this.#writing = this.write(filesDone)
      .catch(this.onError)
      .finally(() => {
        this.#isWriting = false;
      });
  }

  /** Waits for the write in progress. */
  settle(): Promise<void> {
    return this.#writing;
  }
}
