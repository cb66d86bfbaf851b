/** At most four times a second. */
const INTERVAL_MS = 250;

/** Writes progress down from time to time, one write after the other, and always the newest. */
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
    // Progress is for people to look at: an import does not fail for it.
    this.#writing = this.write(filesDone)
      .catch(this.onError)
      .finally(() => {
        this.#isWriting = false;
      });
  }

  /** Waits for the write that is under way. */
  settle(): Promise<void> {
    return this.#writing;
  }
}
