/** Between two writes. */
const INTERVAL_MS = 250;

/** Writes the newest progress of a job at intervals, one write after the other. */
export class ProgressWriter<Progress> {
  #lastMs = Number.NEGATIVE_INFINITY;
  #writing: Promise<void> = Promise.resolve();
  #isWriting = false;

  constructor(
    private readonly write: (progress: Progress) => Promise<void>,
    private readonly onError: (error: unknown) => void,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  report(progress: Progress): void {
    if (this.#isWriting || this.nowMs() - this.#lastMs < INTERVAL_MS) return;
    this.reportAlways(progress);
  }

  /** For progress that must not be left out, such as the beginning of a stage. */
  reportAlways(progress: Progress): void {
    this.#lastMs = this.nowMs();
    const before = this.#isWriting ? this.#writing : null;
    this.#isWriting = true;
    // A job does not fail because its progress cannot be written.
    const writing = (before === null ? this.write(progress) : before.then(() => this.write(progress)))
      .catch(this.onError)
      .finally(() => {
        if (this.#writing === writing) this.#isWriting = false;
      });
    this.#writing = writing;
  }

  /** Waits for the writes in progress. */
  settle(): Promise<void> {
    return this.#writing;
  }
}
