/** Counts lost, doubled and disordered events of one subscriber. Sequences count from 1 without gaps. */
export class SequenceCheck {
  /** Events that arrived more than once. */
  doubled = 0;
  /** Events that arrived after a later one. */
  disordered = 0;
  #newest = 0;
  readonly #skipped = new Set<number>();

  /** The highest sequence that arrived. */
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

  /** Returns the number of events up to `last` that never arrived. */
  lost(last: number): number {
    return this.#skipped.size + Math.max(0, last - this.#newest);
  }
}
