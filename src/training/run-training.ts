import path from "node:path";
import { AppError } from "../core/app-error.js";
import type { EpochRecord } from "../core/run-events.js";
import { saveCheckpoint } from "../engine/checkpoint.js";
import { BestCheckpoint } from "./callbacks/best-checkpoint.js";
import { EarlyStopping } from "./callbacks/early-stopping.js";
import { ProgressReporter } from "./callbacks/progress-reporter.js";
import { removeCheckpoints, removeUnnamedCheckpoints } from "./checkpoint-folders.js";
import { PredictionsCollector } from "./evaluation/predictions.js";
import { AttemptReplaced, type RunAttempt } from "./run-attempt.js";
import type { RunWarning } from "./run-attempt-store.js";
import { RunEnding } from "./run-ending.js";
import { outcomeOf, type RunOutcome } from "./run-outcome.js";
import { RunOutputs } from "./run-outputs.js";
import type { PreparedRun } from "./run-preparation.js";
import type { RunRecord } from "./run-records.js";
import { RunSetup } from "./run-setup.js";
import { RunStopped } from "./run-stopped.js";
import type { RunTrainingOptions } from "./run-training-options.js";

/** One attempt at a run that was taken off the queue, from PREPARING to its end. */
export class RunTraining {
  readonly #attempt: RunAttempt;
  readonly #runFolder: string;
  readonly #stop = new AbortController();
  readonly #progress: ProgressReporter;
  readonly #ending: RunEnding;
  #state: "PREPARING" | "RUNNING" = "PREPARING";
  /** Optimiser steps at the last checkpoint that a row names. */
  #savedStep = 0;
  /** What the owner of the run should know and was not told yet. */
  #warnings: RunWarning[] = [];

  constructor(
    private readonly options: RunTrainingOptions,
    private readonly run: RunRecord,
  ) {
    const { id, attempt } = run;
    this.#attempt = { runId: id, attempt };
    this.#runFolder = path.join(options.runsFolder, id);
    this.#ending = new RunEnding(options, this.#attempt, path.join(this.#runFolder, "checkpoints"));
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
      await using setup = await RunSetup.open(this.options, this.run, this.#runFolder, this.#watch);
      for (;;) {
        const outcome = await this.#tryWith(setup);
        if (outcome !== "OUT_OF_MEMORY") return outcome;
        this.#warnings.push(await setup.halveParts());
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
      await this.#ending.record({ from: this.#state, to, reason, detail });
    } else if (outcome.kind === "requeue") {
      await stores.queue.interrupt(this.#attempt, outcome, clock.now());
    }
  }

  get #watch() {
    const { epochs } = this.run.configuration;
    return {
      onProgress: (done: number, total: number) => this.#progress.preparing(epochs, done, total),
      signal: this.#stop.signal,
    };
  }

  /**
   * Trains from the last checkpoint to the end.
   *
   * @returns "OUT_OF_MEMORY" when a batch did not fit and could come in smaller parts: since the step that failed may
   *   have changed some weights, all of them are taken from the last checkpoint again
   */
  async #tryWith(setup: RunSetup): Promise<RunOutcome | null | "OUT_OF_MEMORY"> {
    try {
      await using prepared = await setup.prepare();
      await using outputs = await this.#start(setup, prepared);
      try {
        await this.#trainEpochs(prepared, outputs);
        return null;
      } catch (error) {
        await this.#progress.settle();
        if (isOutOfMemory(error) && setup.canHalveParts) throw error;
        return await this.#ending.fail(error, prepared, this.#savedStep);
      }
    } catch (error) {
      if (isOutOfMemory(error) && setup.canHalveParts) return "OUT_OF_MEMORY";
      throw error;
    }
  }

  /** Gives the session its weights and tells that the run is RUNNING, unless it was already. */
  async #start({ plan }: RunSetup, prepared: PreparedRun): Promise<RunOutputs> {
    const { stores, clock, outputs: targets } = this.options;
    const { id } = this.run;
    this.#stop.signal.throwIfAborted();
    const checkpoints = await stores.attempts.checkpoints(id);
    const start = await prepared.initialize(checkpoints, this.#watch);
    await this.#progress.settle();
    const moment = { step: start.step, at: clock.now() };
    const outputs = await RunOutputs.open(this.run, plan.classCount, targets, this.#runFolder, moment);
    try {
      const from = { ...start, warnings: [...this.#warnings, ...start.warnings] };
      if (this.#state === "PREPARING") {
        await stores.attempts.start(this.#attempt, from, clock.now(), outputs.artifacts);
      } else {
        await stores.attempts.startOver(this.#attempt, from, clock.now(), outputs.artifacts);
      }
      this.#warnings = [];
      this.#state = "RUNNING";
      this.#savedStep = start.step;
      const named = await stores.attempts.checkpoints(id);
      await removeUnnamedCheckpoints(prepared.checkpointsFolder, named);
      return outputs;
    } catch (error) {
      await outputs[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #trainEpochs(prepared: PreparedRun, outputs: RunOutputs): Promise<void> {
    const { id, configuration } = this.run;
    const { epochs, monitor } = configuration;
    // New for every try: one that failed may have shown them an epoch that was never recorded.
    const earlyStopping = new EarlyStopping(configuration.earlyStopping, monitor);
    const callbacks = { best: new BestCheckpoint(monitor), earlyStopping };
    const done = (await this.options.stores.runs.epochsOf([id])).get(id) ?? [];
    for (const epoch of done) observe(epoch, callbacks);
    for (let number = done.length + 1; number <= epochs && !earlyStopping.shouldStop; number++) {
      if (!(await this.#trainEpoch(number, prepared, outputs, callbacks))) return;
    }
    await this.#ending.succeed(prepared, outputs, { earlyStopping, stop: this.#stop.signal });
  }

  /** @returns false when the run ended with the epoch */
  async #trainEpoch(
    number: number,
    prepared: PreparedRun,
    outputs: RunOutputs,
    callbacks: EpochCallbacks,
  ): Promise<boolean> {
    const { clock, stores } = this.options;
    const { loop, session } = prepared;
    const startedMs = clock.monotonicMs();
    this.#progress.epochStarted();
    const size = { epochs: this.run.configuration.epochs, stepsPerEpoch: loop.stepsPerEpoch };
    const train = await loop.train(number, this.#stop.signal, (step) =>
      this.#progress.stepFinished(step, size),
    );
    const trainedMs = clock.monotonicMs();
    const predictions = new PredictionsCollector();
    const validation = await loop.evaluate("VALIDATION", this.#stop.signal, predictions.add);
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
    const moment = { step: loop.globalStep, at: clock.now() };
    if (!Number.isFinite(validation.loss)) {
      await this.#progress.settle();
      await this.#ending.diverge({ ...figures, seconds: seconds() }, loop.globalStep, outputs);
      return false;
    }
    const folder = `epoch-${number}`;
    const saved = await saveCheckpoint(session, path.join(prepared.checkpointsFolder, folder));
    const epoch: EpochRecord = { ...figures, seconds: seconds() };
    const improved = observe(epoch, callbacks);
    const written = await outputs.epochFinished(
      epoch,
      moment,
      prepared,
      improved ? predictions.finish() : null,
    );
    await this.#progress.settle();
    const checkpoint = { epoch: number, step: loop.globalStep, folder, ...saved };
    const finished = { epoch, step: loop.globalStep, improved, checkpoint, ...written };
    const replaced = await stores.attempts.finishEpoch(this.#attempt, finished, clock.now());
    this.#savedStep = loop.globalStep;
    await outputs.remove(replaced.predictions);
    await removeCheckpoints(prepared.checkpointsFolder, replaced.checkpoints);
    return true;
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

/** What is shown every finished epoch, in their order. */
interface EpochCallbacks {
  readonly best: BestCheckpoint;
  readonly earlyStopping: EarlyStopping;
}

/** @returns whether the epoch is the best so far */
function observe(epoch: EpochRecord, { best, earlyStopping }: EpochCallbacks): boolean {
  earlyStopping.observe(epoch);
  return best.observe(epoch);
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof AppError && error.code === "ENGINE_OUT_OF_MEMORY";
}
