/**
 * Remembers that it was rung. A reader that waits, reads everything there is and waits again misses
 * nothing, however many rings came while it read, and reads once for all of them.
 */
export class Doorbell {
  #rung = false;
  #wake: (() => void) | null = null;

  /** An arrow, so that it can be handed on as a listener. */
  readonly ring = (): void => {
    this.#rung = true;
    this.#wake?.();
  };

  /** Resolves at once when it was rung since the last wait. One waiter at a time. */
  async wait(): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
    this.#rung = false;
  }
}
