import type { RunEvent } from "../../core/runs/events.js";

/** The newest durable events of a run, in the order of their sequences and without gaps. */
export class RunEventTail {
  /** Sequence of the event before the first that is kept. */
  #before = 0;
  #events: RunEvent[] = [];

  /** @param capacity events that are kept at least, once there were as many; at most twice as many */
  constructor(private readonly capacity: number) {}

  /** Sequence of the newest event; 0 without events. */
  get lastSequence(): number {
    return this.#before + this.#events.length;
  }

  /** Adds consecutive events. They replace the kept events when they do not continue them. */
  append(events: readonly RunEvent[]): void {
    const [first] = events;
    if (first === undefined) return;
    if (first.sequence !== this.lastSequence + 1) {
      this.#before = first.sequence - 1;
      this.#events = [];
    }
    this.#events.push(...events);
    // Half at a time, so that an event is moved once and not with every event after it.
    if (this.#events.length > 2 * this.capacity) {
      const dropped = this.#events.length - this.capacity;
      this.#events = this.#events.slice(dropped);
      this.#before += dropped;
    }
  }

  /** Whether the event after `sequence` is no longer kept. */
  isBehind(sequence: number): boolean {
    return sequence < this.#before;
  }

  /** The event after `sequence`; null when it has not happened, or is no longer kept. */
  after(sequence: number): RunEvent | null {
    return this.#events[sequence - this.#before] ?? null;
  }
}
