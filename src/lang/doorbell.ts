/**
 * Wakes a reader and remembers rings that come while it does not wait. A reader that waits, reads everything and waits
 * again misses nothing, and reads once for any number of rings.
 */
export class Doorbell {
  #rung = false;
  #wake: (() => void) | null = null;

  /** An arrow function, so that it can be passed as a listener. */
  readonly ring = (): void => {
    this.#rung = true;
    this.#wake?.();
  };

  /** Resolves at the next ring, or at once after a ring since the last wait. Supports one waiter at a time. */
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
