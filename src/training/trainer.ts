import { setTimeout as delay } from "node:timers/promises";
import { Doorbell } from "../core/doorbell.js";
import type { EngineHost } from "../engine/engine-host.js";
import { type Clock, SYSTEM_CLOCK } from "./clock.js";
import { AttemptReplaced } from "./run-attempt.js";
import { RunTraining } from "./run-training.js";
import type { RunTrainingOptions } from "./run-training-options.js";

export type TrainerOptions = Omit<RunTrainingOptions, "clock"> & { readonly clock?: Clock };

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 10_000;

/**
 * Takes runs off the queue and trains them, one at a time. Disposing stops the run at work before its
 * next step and puts it back in the queue, where the next trainer goes on from its last checkpoint.
 */
export class Trainer implements AsyncDisposable {
  readonly #options: RunTrainingOptions;
  readonly #doorbell = new Doorbell();
  readonly #closing = new AbortController();
  #engine: Promise<EngineHost> | null = null;
  #current: { readonly runId: string; readonly training: RunTraining } | null = null;
  #work: Promise<void> | null = null;

  /** The engine that `openEngine` gives is opened for the first run and disposed of with the trainer. */
  constructor(options: TrainerOptions) {
    this.#options = {
      clock: SYSTEM_CLOCK,
      ...options,
      openEngine: () => this.#provideEngine(options.openEngine),
    };
  }

  get currentRunId(): string | null {
    return this.#current?.runId ?? null;
  }

  /** Puts the runs of a dead process back in the queue, then works in the background until disposed of. */
  async start(): Promise<void> {
    if (this.#work !== null) throw new Error("The trainer was started before.");
    const { stores, clock, log } = this.#options;
    for (const { runId, attempt } of await stores.queue.recover(clock.now())) {
      log.warn("found a run whose process ended", { runId, attempt });
    }
    this.#work = this.#takeRuns();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#current?.training.stop("SHUTDOWN");
    this.#doorbell.ring();
    await this.#work;
    const engine = await this.#engine?.catch(() => null);
    await engine?.[Symbol.asyncDispose]();
  }

  async #takeRuns(): Promise<void> {
    const { stores, clock } = this.#options;
    const unsubscribe = stores.queue.onChange(this.#doorbell.ring);
    try {
      while (!this.#closing.signal.aborted) {
        const run = await this.#persist(() => stores.queue.claim(clock.now()));
        if (run === undefined) return;
        if (run === null) {
          await this.#doorbell.wait();
          continue;
        }
        const training = new RunTraining(this.#options, run);
        this.#current = { runId: run.id, training };
        // The trainer may have been disposed of while the run was claimed.
        if (this.#closing.signal.aborted) training.stop("SHUTDOWN");
        await this.#train(training);
        this.#current = null;
      }
    } finally {
      unsubscribe();
    }
  }

  async #train(training: RunTraining): Promise<void> {
    const outcome = await training.train();
    if (outcome !== null) await this.#persist(() => training.conclude(outcome));
  }

  /**
   * Tries until the database answers, with longer and longer waits, or the trainer is disposed of:
   * then the run is found by the next trainer's `start`.
   *
   * @returns undefined when it was given up
   */
  async #persist<T>(work: () => Promise<T>): Promise<T | undefined> {
    for (let waitMs = FIRST_RETRY_MS; ; waitMs = Math.min(2 * waitMs, LAST_RETRY_MS)) {
      try {
        return await work();
      } catch (error) {
        if (error instanceof AttemptReplaced) return undefined;
        this.#options.log.error("the trainer cannot write to the database", { error });
        if (this.#closing.signal.aborted) return undefined;
        await delay(waitMs, undefined, { signal: this.#closing.signal }).catch(() => {});
      }
    }
  }

  /** One engine for all runs; one that did not start is tried again by the next run. */
  #provideEngine(open: () => Promise<EngineHost>): Promise<EngineHost> {
    this.#engine ??= open().catch((error: unknown) => {
      this.#engine = null;
      throw error;
    });
    return this.#engine;
  }
}
