/** What one subscriber received, held against sequences that count from 1 without gaps. */
export class SequenceCheck {
  /** Events that came again. */
  doubled = 0;
  /** Events that came after a later one. */
  disordered = 0;
  #newest = 0;
  readonly #skipped = new Set<number>();

  /** The highest sequence that came. */
  get newest(): number {
    return this.#newest;
  }

  receive(sequence: number): void {
    if (sequence > this.#newest) {
      for (let skipped = this.#newest + 1; skipped < sequence; skipped++) this.#skipped.add(skipped);
      this.#newest = sequence;
    } else if (this.#skipped.delete(sequence)) {
      this.disordered += 1;
    } else {
      this.doubled += 1;
    }
  }

  /** Events up to `last` that never came. */
  lost(last: number): number {
    return this.#skipped.size + Math.max(0, last - this.#newest);
  }
}
