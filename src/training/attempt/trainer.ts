import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isDatabaseTrouble } from "../../core/database-trouble.js";
import type { EngineStatus } from "../../core/enumerations.js";
import type { EngineHost } from "../../engine/engine-host.js";
import { type Clock, SYSTEM_CLOCK } from "../../lang/clock.js";
import { Doorbell } from "../../lang/doorbell.js";
import { retrying } from "../../lang/retrying.js";
import { AttemptReplaced } from "../lifecycle/attempt.js";
import type { Crash } from "../lifecycle/interruption-store.js";
import type { WorkerIdentity } from "../lifecycle/worker-identity.js";
import { removeCaches } from "../loop/output-cache.js";
import { RunTraining } from "./attempt-training.js";
import { hasRoom } from "./disk-room.js";
import type { RunTrainingOptions } from "./options.js";
import { removePrunedWeights } from "./pruning.js";

/** How this process takes part in training. */
export interface TrainerWorker {
  readonly identity: WorkerIdentity;
  /** How long a worker may be silent before another takes its run. */
  readonly leaseSeconds: number;
  /** How the process before this one ended; null: in order, or unknown. */
  readonly crash: Crash | null;
}

export interface TrainerOptions extends Omit<RunTrainingOptions, "clock" | "lease"> {
  readonly worker: TrainerWorker;
  readonly clock?: Clock;
}

const WAITS = { firstMs: 100, lastMs: 10_000 };
/** Polls for the runs of lost workers this many times per lease period. */
const POLLS_PER_LEASE = 3;

/**
 * Takes runs off the queue and trains them, one at a time. Disposing stops the current run before its next step and puts
 * it back in the queue, from which the next trainer continues it from its last checkpoint.
 */
export class Trainer implements AsyncDisposable {
  readonly #options: RunTrainingOptions;
  readonly #doorbell = new Doorbell();
  readonly #closing = new AbortController();
  #engine: Promise<EngineHost> | null = null;
  #engineState: "UNUSED" | "STARTING" | "FAILED" | EngineHost = "UNUSED";
  #current: { readonly runId: string; readonly training: RunTraining } | null = null;
  #work: Promise<unknown> | null = null;
  /** When the database was last seen to accept no writes: other workers could not renew their leases either. */
  #databaseTroubleMs = Number.NEGATIVE_INFINITY;

  /** `openEngine` is called for the first run, and the engine is disposed of with the trainer. */
  constructor(private readonly options: TrainerOptions) {
    const { stores, sources, outputs, log, clock = SYSTEM_CLOCK } = options;
    const { identity, leaseSeconds } = options.worker;
    this.#options = {
      stores,
      sources: { ...sources, openEngine: () => this.#provideEngine(sources.openEngine) },
      outputs,
      lease: { workerId: identity.id, device: identity.device, seconds: leaseSeconds },
      log,
      clock,
    };
  }

  get currentRunId(): string | null {
    return this.#current?.runId ?? null;
  }

  /** State of the engine. The first run starts it, and the next run starts it again after it failed. */
  get engineStatus(): EngineStatus {
    const engine = this.#engineState;
    if (engine === "STARTING") return "STARTING";
    if (this.#current !== null) return "TRAINING";
    if (engine === "UNUSED") return "READY";
    return engine !== "FAILED" && engine.isAlive ? "READY" : "FAILED";
  }

  /** The device that it trains on. */
  get device(): string {
    return this.options.worker.identity.device;
  }

  /**
   * Takes back the runs of dead processes, then works in the background until disposed of.
   *
   * @param options.takesRuns false: it only takes back the runs of other workers
   */
  async start(options: { readonly takesRuns: boolean } = { takesRuns: true }): Promise<void> {
    if (this.#work !== null) throw new Error("The trainer is already started.");
    await this.#takeBackLostRuns();
    this.#work = Promise.all([options.takesRuns ? this.#takeRuns() : null, this.#watchOthers()]);
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
    const { stores, clock, lease } = this.#options;
    const unsubscribe = stores.queue.onChange(this.#doorbell.ring);
    try {
      while (!this.#closing.signal.aborted) {
        const run = await this.#persist(() => stores.queue.claim(lease, clock.now()));
        if (run === undefined) return;
        if (run === null) {
          await this.#doorbell.wait();
          continue;
        }
        const training = new RunTraining(this.#options, run);
        this.#current = { runId: run.id, training };
        // The trainer can have been disposed of while the run was claimed.
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

  /** Every trainer does this, because it may be the only one left when a worker dies or the disk has room again. */
  async #watchOthers(): Promise<void> {
    const { signal } = this.#closing;
    const intervalMs = (this.options.worker.leaseSeconds * 1000) / POLLS_PER_LEASE;
    for (;;) {
      await delay(intervalMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      try {
        await this.#takeBackLostRuns();
        await this.#continueRunsWithDisk();
      } catch (error) {
        if (isDatabaseTrouble(error)) this.#databaseTroubleMs = this.#options.clock.monotonicMs();
        this.#options.log.warn("could not look for waiting runs", { error });
      }
    }
  }

  async #takeBackLostRuns(): Promise<void> {
    const { stores, clock, log, outputs } = this.#options;
    const { identity, leaseSeconds, crash } = this.options.worker;
    const quietMs = clock.monotonicMs() - this.#databaseTroubleMs;
    const countedSeconds = quietMs < leaseSeconds * 1000 ? null : leaseSeconds;
    const lost = await stores.interruptions.interruptLost(
      identity.isDead,
      countedSeconds,
      crash,
      clock.now(),
    );
    for (const { runId, attempt } of lost) {
      log.warn("took back the run of a lost worker", { runId, attempt });
      const runFolder = path.join(outputs.runsFolder, runId);
      await removeCaches(runFolder);
      await removePrunedWeights(runFolder);
    }
  }

  async #continueRunsWithDisk(): Promise<void> {
    const { stores, clock, outputs } = this.#options;
    for (const { runId, checkpointBytes } of await stores.interruptions.waitingForDisk()) {
      if (await hasRoom(outputs.runsFolder, checkpointBytes)) {
        await stores.interruptions.continueWithDisk(runId, clock.now());
      }
    }
  }

  /**
   * Repeats `work` with increasing waits until the database answers or the trainer is disposed of. In the second case
   * another worker takes the run back.
   *
   * @returns undefined when the trainer was disposed of
   */
  async #persist<T>(work: () => Promise<T>): Promise<T | undefined> {
    const isTemporary = (error: unknown): boolean => {
      if (error instanceof AttemptReplaced) return false;
      this.#options.log.error("the trainer cannot write to the database", { error });
      return true;
    };
    return retrying(work, { isTemporary, signal: this.#closing.signal, ...WAITS }).catch(() => undefined);
  }

  /** All runs share one engine. When it fails to start, the next run tries again. */
  #provideEngine(open: () => Promise<EngineHost>): Promise<EngineHost> {
    this.#engine ??= this.#startEngine(open).catch((error: unknown) => {
      this.#engine = null;
      throw error;
    });
    return this.#engine;
  }

  async #startEngine(open: () => Promise<EngineHost>): Promise<EngineHost> {
    this.#engineState = "STARTING";
    try {
      const engine = await open();
      this.#engineState = engine;
      return engine;
    } catch (error) {
      this.#engineState = "FAILED";
      throw error;
    }
  }
}
