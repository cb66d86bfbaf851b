import { EventEmitter, once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type { ApiClient } from "../../src/client/api-client.js";
import { FOLLOW_RUN, isDurable, type RunEvent } from "../operations.js";

const AGAIN_MS = 50;
const TERMINAL: ReadonlySet<string> = new Set(["SUCCEEDED", "FAILED", "CANCELLED"]);

/**
 * Follows a run across restarts of the server, as a client that is disconnected does: it continues after the last event
 * that it received.
 */
export class EventFollower implements Disposable {
  /** Durable events in the order of their arrival, including doubled ones. */
  readonly seen: RunEvent[] = [];
  readonly #changes = new EventEmitter();
  #lastEventMs = 0;
  #cursor: string | null = null;
  #attached = new AbortController();

  constructor(private readonly runId: string) {}

  /** Whether the last change of state ended the run. */
  get isOver(): boolean {
    const change = this.seen.findLast(({ __typename }) => __typename === "RunStateChanged");
    return change?.__typename === "RunStateChanged" && TERMINAL.has(change.to);
  }

  /** Time of the last event, including progress, by the clock of `performance`. */
  get lastEventMs(): number {
    return this.#lastEventMs;
  }

  get epochsDone(): number {
    return this.seen.filter(({ __typename }) => __typename === "EpochCompleted").length;
  }

  /** Number of checkpoints that were saved inside epochs. */
  get savedInside(): number {
    let epochsDone = 0;
    return this.seen.filter((event) => {
      if (event.__typename === "EpochCompleted") epochsDone += 1;
      return event.__typename === "CheckpointSaved" && event.checkpoint.epoch > epochsDone;
    }).length;
  }

  /** Whether the run has reached the state in one of the events from `first` on. */
  hasBeen(state: string, first: number): boolean {
    return this.seen
      .slice(first)
      .some((event) => event.__typename === "RunStateChanged" && event.to === state);
  }

  /** Whether a checkpoint is among the events from `first` on. */
  hasSaved(first: number): boolean {
    return this.seen.slice(first).some(({ __typename }) => __typename === "CheckpointSaved");
  }

  /** Follows the run through this client only. */
  attach(api: ApiClient): void {
    this.detach();
    this.#attached = new AbortController();
    void this.#follow(api, this.#attached.signal);
  }

  /** Stops following. The owner of the client closes its connection. */
  detach(): void {
    this.#attached.abort();
  }

  /**
   * Resolves when `holds` is true after an event.
   *
   * @throws the signal's reason
   */
  async until(holds: () => boolean, signal: AbortSignal): Promise<void> {
    while (!holds()) {
      await once(this.#changes, "event", { signal }).catch(() => signal.throwIfAborted());
    }
  }

  async #follow(api: ApiClient, detached: AbortSignal): Promise<void> {
    while (!detached.aborted) {
      try {
        const answers = api.follow(FOLLOW_RUN, { runId: this.runId, after: this.#cursor });
        for await (const { runEvents: event } of answers) {
          if (detached.aborted) return;
          this.#cursor = event.cursor;
          this.#lastEventMs = performance.now();
          if (!isDurable(event)) continue;
          this.seen.push(event);
          this.#changes.emit("event");
        }
        if (this.isOver) return;
      } catch {
        // The server died or cannot reach its database. Try again.
      }
      await delay(AGAIN_MS, undefined, { signal: detached }).catch(() => {});
    }
  }

  [Symbol.dispose](): void {
    this.detach();
  }
}
