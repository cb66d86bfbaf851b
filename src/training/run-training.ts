import path from "node:path";
import { AppError } from "../core/app-error.js";
import type { EpochRecord } from "../core/run-events.js";
import type { DatasetStore } from "../data/dataset-store.js";
import type { TensorShards } from "../data/tensor-shards.js";
import { saveCheckpoint } from "../engine/checkpoint.js";
import type { EngineHost } from "../engine/engine-host.js";
import type { Session } from "../engine/session.js";
import type { Log } from "../telemetry/log.js";
import { BestCheckpoint } from "./callbacks/best-checkpoint.js";
import { Diverged } from "./callbacks/divergence.js";
import { EarlyStopping } from "./callbacks/early-stopping.js";
import { ProgressReporter } from "./callbacks/progress-reporter.js";
import type { Clock } from "./clock.js";
import type { EpochLoop } from "./epoch-loop.js";
import { AttemptReplaced, type RunAttempt } from "./run-attempt.js";
import type { RunAttemptStore, RunEnd, SavedCheckpoint } from "./run-attempt-store.js";
import { outcomeOf, type RunOutcome } from "./run-outcome.js";
import {
  environmentOf,
  PreparedRun,
  removeCheckpoints,
  removeUnnamedCheckpoints,
} from "./run-preparation.js";
import type { RunQueueStore } from "./run-queue-store.js";
import type { RunRecord } from "./run-records.js";
import { RunStopped } from "./run-stopped.js";
import type { RunStore } from "./run-store.js";

export interface TrainingStores {
  readonly queue: RunQueueStore;
  readonly attempts: RunAttemptStore;
  readonly runs: RunStore;
  readonly datasets: DatasetStore;
}

export interface RunTrainingOptions {
  readonly stores: TrainingStores;
  readonly shards: TensorShards;
  readonly openEngine: () => Promise<EngineHost>;
  /** Of all runs; a run's checkpoints lie in `<run id>/checkpoints`. */
  readonly runsFolder: string;
  /** Name and version, such as "espalier 0.1.0". */
  readonly product: string;
  readonly log: Log;
  readonly clock: Clock;
}

/** One attempt at a run that was taken off the queue, from PREPARING to its end. */
export class RunTraining {
  readonly #attempt: RunAttempt;
  readonly #checkpointsFolder: string;
  readonly #stop = new AbortController();
  readonly #progress: ProgressReporter;
  readonly #best: BestCheckpoint;
  readonly #earlyStopping: EarlyStopping;
  #state: "PREPARING" | "RUNNING" = "PREPARING";
  /** Optimiser steps at the last checkpoint that a row names. */
  #savedStep = 0;

  constructor(
    private readonly options: RunTrainingOptions,
    private readonly run: RunRecord,
  ) {
    const { id, attempt, configuration } = run;
    this.#attempt = { runId: id, attempt };
    this.#checkpointsFolder = path.join(options.runsFolder, id, "checkpoints");
    this.#best = new BestCheckpoint(configuration.monitor);
    this.#earlyStopping = new EarlyStopping(configuration.earlyStopping, configuration.monitor);
    this.#progress = new ProgressReporter(
      (progress) =>
        options.stores.attempts.recordProgress(this.#attempt, progress).catch(this.#progressFailed),
      options.clock,
    );
  }

  /** The run stops before its next step. */
  stop(because: "CANCELLED" | "SHUTDOWN"): void {
    this.#stop.abort(new RunStopped(because));
  }

  /** Trains to the end, whatever that is. @returns what to do when the run did not come to an end of its own */
  async train(): Promise<RunOutcome | null> {
    const unsubscribe = this.#watchForCancel();
    try {
      await using prepared = await this.#prepare();
      try {
        await this.#trainEpochs(prepared);
        return null;
      } catch (error) {
        await this.#progress.settle();
        return await this.#endEarly(error, prepared);
      }
    } catch (error) {
      await this.#progress.settle();
      return outcomeOf(error);
    } finally {
      unsubscribe();
    }
  }

  /** Writes an outcome of `train`. May be called again when the database could not be reached. */
  async conclude(outcome: RunOutcome): Promise<void> {
    const { stores, clock } = this.options;
    if (outcome.kind === "end") {
      const { to, reason, detail } = outcome;
      await this.#end({ from: this.#state, to, reason, detail });
    } else if (outcome.kind === "requeue") {
      await stores.queue.interrupt(this.#attempt, outcome, clock.now());
    }
  }

  async #prepare(): Promise<PreparedRun> {
    const { stores, shards, openEngine, product, clock } = this.options;
    const { datasetVersionId, configuration, id } = this.run;
    const { signal } = this.#stop;
    const [version] = await stores.datasets.findVersions([datasetVersionId]);
    if (version === undefined) {
      throw new AppError("DATASET_VERSION_NOT_FOUND", `The dataset version ${datasetVersionId} is gone.`);
    }
    const engine = await openEngine();
    await stores.attempts.recordEnvironment(this.#attempt, environmentOf(engine, this.run, product));
    const reader = await shards.open(
      datasetVersionId,
      configuration.imageSizePixels,
      (done, total) => this.#progress.preparing(configuration.epochs, done, total),
      signal,
    );
    const prepared = await PreparedRun.open(this.run, version.classNames.length, reader, engine);
    try {
      signal.throwIfAborted();
      const checkpoints = await stores.attempts.checkpoints(id);
      const start = await prepared.initialize(checkpoints, this.#checkpointsFolder);
      await this.#progress.settle();
      await stores.attempts.start(this.#attempt, start, clock.now());
      this.#state = "RUNNING";
      this.#savedStep = start.step;
      await removeUnnamedCheckpoints(this.#checkpointsFolder, await stores.attempts.checkpoints(id));
      return prepared;
    } catch (error) {
      await prepared[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #trainEpochs({ loop, session }: PreparedRun): Promise<void> {
    const { stores, clock } = this.options;
    const { epochs } = this.run.configuration;
    const done = (await stores.runs.epochsOf([this.run.id])).get(this.run.id) ?? [];
    for (const epoch of done) {
      this.#best.observe(epoch);
      this.#earlyStopping.observe(epoch);
    }

    for (let number = done.length + 1; number <= epochs && !this.#earlyStopping.shouldStop; number++) {
      const startedMs = clock.monotonicMs();
      this.#progress.epochStarted();
      const size = { epochs, stepsPerEpoch: loop.stepsPerEpoch };
      const train = await loop.train(number, this.#stop.signal, (step) =>
        this.#progress.stepFinished(step, size),
      );
      const trainedMs = clock.monotonicMs();
      const validation = await loop.evaluate(this.#stop.signal);
      const figures = {
        number,
        trainLoss: train.loss,
        trainTop1: train.top1,
        trainTop5: train.top5,
        validationLoss: validation.loss,
        validationTop1: validation.top1,
        validationTop5: validation.top5,
        learningRate: loop.learningRate,
        imagesPerSecond: (loop.trainingSamples * 1000) / (trainedMs - startedMs),
      };
      const seconds = (): number => (clock.monotonicMs() - startedMs) / 1000;
      if (!Number.isFinite(validation.loss)) {
        await this.#endDiverged({ ...figures, seconds: seconds() }, loop.globalStep);
        return;
      }
      const folder = `epoch-${number}`;
      const saved = await saveCheckpoint(session, path.join(this.#checkpointsFolder, folder));
      const epoch: EpochRecord = { ...figures, seconds: seconds() };
      this.#earlyStopping.observe(epoch);
      await this.#progress.settle();
      const replaced = await stores.attempts.finishEpoch(
        this.#attempt,
        {
          epoch,
          step: loop.globalStep,
          improved: this.#best.observe(epoch),
          checkpoint: { epoch: number, step: loop.globalStep, folder, ...saved },
          evaluation: null,
          artifacts: [],
        },
        clock.now(),
      );
      this.#savedStep = loop.globalStep;
      await removeCheckpoints(this.#checkpointsFolder, replaced.checkpoints);
    }
    await this.#endWell();
  }

  async #endWell(): Promise<void> {
    const stopped = this.#earlyStopping.shouldStop;
    await this.#end({
      from: "RUNNING",
      to: "SUCCEEDED",
      reason: stopped ? "EARLY_STOPPED" : "COMPLETED",
      detail: stopped ? this.#earlyStopping.detail : null,
    });
  }

  /** Every step of the epoch was fine, but its last ones ruined the weights: nothing to keep of them. */
  async #endDiverged(epoch: EpochRecord, step: number): Promise<void> {
    const { stores, clock } = this.options;
    await this.#progress.settle();
    await stores.attempts.finishEpoch(
      this.#attempt,
      { epoch, step, improved: false, checkpoint: null, evaluation: null, artifacts: [] },
      clock.now(),
    );
    await this.#end({
      from: "RUNNING",
      to: "FAILED",
      reason: "DIVERGED",
      detail:
        `The validation loss became ${epoch.validationLoss} after epoch ${epoch.number} (step ${step}), with a ` +
        `learning rate of ${epoch.learningRate}. Lower learningRate.initial, or warm up longer.`,
    });
  }

  /** Ends that need the session, or what the error carries. */
  async #endEarly(error: unknown, { loop, session }: PreparedRun): Promise<RunOutcome | null> {
    const outcome = outcomeOf(error);
    if (outcome.kind !== "end") return outcome;
    const end: RunEnd = { from: "RUNNING", to: outcome.to, reason: outcome.reason, detail: outcome.detail };
    if (error instanceof Diverged) {
      await this.#end({ ...end, values: { epoch: error.epoch, points: error.metrics } });
      return null;
    }
    if (outcome.to === "CANCELLED" && loop.globalStep > this.#savedStep) {
      const checkpoint = await this.#saveUnfinishedEpoch(loop, session);
      await this.#end(checkpoint === null ? end : { ...end, checkpoint });
      return null;
    }
    return outcome;
  }

  /** Null when it cannot be saved: a run that was cancelled ends so all the same. */
  async #saveUnfinishedEpoch(loop: EpochLoop, session: Session): Promise<SavedCheckpoint | null> {
    const epoch = Math.ceil(loop.globalStep / loop.stepsPerEpoch);
    const folder = `epoch-${epoch}`;
    try {
      const saved = await saveCheckpoint(session, path.join(this.#checkpointsFolder, folder));
      return { epoch, step: loop.globalStep, folder, ...saved };
    } catch (error) {
      this.options.log.warn("could not save a checkpoint of a cancelled run", { ...this.#attempt, error });
      return null;
    }
  }

  async #end(end: RunEnd): Promise<void> {
    const { stores, clock, log } = this.options;
    const dropped = await stores.attempts.end(this.#attempt, end, clock.now());
    log.info("run ended", { ...this.#attempt, state: end.to, reason: end.reason, detail: end.detail });
    await removeCheckpoints(this.#checkpointsFolder, dropped);
  }

  #watchForCancel(): () => void {
    const { queue } = this.options.stores;
    const look = (): void => {
      // When the database does not answer, the next write of this attempt tells.
      queue.isCancelRequested(this.run.id).then(
        (requested) => requested && this.stop("CANCELLED"),
        () => {},
      );
    };
    const unsubscribe = queue.onCancelRequest(this.run.id, look);
    look(); // It may have been asked for before anyone listened.
    return unsubscribe;
  }

  /** Progress may be lost; an attempt that was replaced must stop. */
  readonly #progressFailed = (error: unknown): void => {
    if (error instanceof AttemptReplaced) this.#stop.abort(error);
    else this.options.log.warn("could not write progress", { ...this.#attempt, error });
  };
}
