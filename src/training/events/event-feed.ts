import { setImmediate as nextTurn } from "node:timers/promises";
import type { RunState } from "../../core/enumerations.js";
import type { RunEvent } from "../../core/runs/events.js";
import { runNotFound } from "../../core/runs/not-found.js";
import { isTerminal } from "../../core/runs/state.js";
import { Doorbell } from "../../lang/doorbell.js";
import { type EventPosition, isAfter, positionOf } from "./event-encoding.js";
import { RunEventTail } from "./event-tail.js";

/** Durable events that are kept for all followers of a run together. */
export const TAIL_EVENTS = 500;
/** Number of followers that are woken before other work gets its turn. */
const WOKEN_AT_ONCE = 64;

/** A run and its newest events as they were at one moment. */
export interface RunReading {
  readonly state: RunState;
  /** The newest progress as an event; null when there is none. */
  readonly progress: RunEvent | null;
  /** The durable events after the sequence that was asked for: the newest `TAIL_EVENTS` of them. */
  readonly events: readonly RunEvent[];
}

/** The source of a feed. */
export interface RunEventSource {
  /**
   * Waits while the database is unreachable.
   *
   * @returns null when there is no such run
   * @throws the reason of `signal` when it aborts
   */
  read(runId: string, afterSequence: number, signal: AbortSignal): Promise<RunReading | null>;
  /** Calls `wake` whenever there may be something new, until the function it returns is called. */
  listen(runId: string, wake: () => void): () => void;
}

/**
 * One reader for all followers of a run: it reads each row once for all of them and keeps the newest events. A follower
 * is only a position in the kept events, so a slow one costs nothing; when its next event is no longer kept, it reads
 * the table until it has caught up.
 */
export class RunEventFeed {
  readonly #tail = new RunEventTail(TAIL_EVENTS);
  readonly #followers = new Set<() => void>();
  readonly #doorbell = new Doorbell();
  readonly #stop = new AbortController();
  #newestProgress: RunEvent | null = null;
  #state: RunState | null = null;
  #readingsBegun = 0;
  #readingsDone = 0;
  #failure: { readonly error: unknown } | null = null;

  constructor(
    private readonly runId: string,
    private readonly source: RunEventSource,
  ) {}

  /**
   * @param wake called whenever there may be something new, until `leave` is called with it
   * @returns number of the first reading that begins after this
   */
  join(wake: () => void): number {
    const nextReading = this.#readingsBegun + 1;
    this.#followers.add(wake);
    if (this.#followers.size === 1) void this.#readOn();
    else this.#doorbell.ring();
    return nextReading;
  }

  /** @returns whether somebody still follows; when not, the feed has stopped for good */
  leave(wake: () => void): boolean {
    this.#followers.delete(wake);
    if (this.#followers.size > 0) return true;
    this.#stop.abort();
    this.#doorbell.ring();
    return false;
  }

  /** Whether reading has failed. Every follower receives the error. */
  get isBroken(): boolean {
    return this.#failure !== null;
  }

  /** Whether the event after the position is no longer kept and must be read from the table. */
  isBehind({ sequence }: EventPosition): boolean {
    return this.#tail.isBehind(sequence);
  }

  /**
   * The event after the position, as far as it is kept: the next durable event, or else the newest progress;
   * null when there is nothing new yet.
   *
   * @throws AppError `RUN_NOT_FOUND`; what made reading break
   */
  after(position: EventPosition): RunEvent | null {
    if (this.#failure !== null) throw this.#failure.error;
    const event = this.#tail.after(position.sequence);
    if (event !== null) return event;
    const progress = this.#newestProgress;
    return progress !== null && isAfter(positionOf(progress.cursor), position) ? progress : null;
  }

  /**
   * Whether the run has ended, so that no event follows the last one unless the run is queued again.
   *
   * @param fromReading what `join` gave: an earlier reading may not know yet that the run was queued again
   *   before somebody joined to follow it
   */
  isOver(fromReading: number): boolean {
    return this.#state !== null && isTerminal(this.#state) && this.#readingsDone >= fromReading;
  }

  async #readOn(): Promise<void> {
    const { signal } = this.#stop;
    const stopListening = this.source.listen(this.runId, this.#doorbell.ring);
    try {
      while (!signal.aborted) {
        this.#readingsBegun += 1;
        const reading = await this.source.read(this.runId, this.#tail.lastSequence, signal);
        if (reading === null) throw runNotFound(this.runId);
        this.#tail.append(reading.events);
        this.#newestProgress = this.#sameOr(reading.progress);
        this.#state = reading.state;
        this.#readingsDone = this.#readingsBegun;
        await this.#wakeFollowers();
        await this.#doorbell.wait();
      }
    } catch (error) {
      if (signal.aborted) return;
      this.#failure = { error };
      await this.#wakeFollowers();
    } finally {
      stopListening();
    }
  }

  /** Returns the known progress when it is the same, so that one event is one object. */
  #sameOr(progress: RunEvent | null): RunEvent | null {
    return progress?.cursor === this.#newestProgress?.cursor ? this.#newestProgress : progress;
  }

  async #wakeFollowers(): Promise<void> {
    let woken = 0;
    for (const wake of [...this.#followers]) {
      wake();
      woken += 1;
      // Waking thousands at once would delay all other work.
      if (woken % WOKEN_AT_ONCE === 0) await nextTurn();
    }
  }
}
