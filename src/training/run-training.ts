import path from "node:path";
import { AppError } from "../core/app-error.js";
import type { EpochRecord } from "../core/run-events.js";
import { saveCheckpoint } from "../engine/checkpoint.js";
import { BestCheckpoint } from "./callbacks/best-checkpoint.js";
import { Diverged } from "./callbacks/divergence.js";
import { EarlyStopping } from "./callbacks/early-stopping.js";
import { ProgressReporter } from "./callbacks/progress-reporter.js";
import { removeCheckpoints, removeUnnamedCheckpoints } from "./checkpoint-folders.js";
import { PredictionsCollector } from "./evaluation/predictions.js";
import { AttemptReplaced, type RunAttempt } from "./run-attempt.js";
import type { RunEnd, RunWarning, SavedCheckpoint } from "./run-attempt-store.js";
import { outcomeOf, type RunOutcome } from "./run-outcome.js";
import { RunOutputs } from "./run-outputs.js";
import { type PreparedRun, tellsOfUnusable } from "./run-preparation.js";
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
      await this.#end({ from: this.#state, to, reason, detail });
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
        return await this.#endEarly(error, prepared);
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
    const { epochs, earlyStopping, monitor } = this.run.configuration;
    // New for every try: one that failed may have shown them an epoch that was never recorded.
    const callbacks = {
      best: new BestCheckpoint(monitor),
      earlyStopping: new EarlyStopping(earlyStopping, monitor),
    };
    const done = (await this.options.stores.runs.epochsOf([this.run.id])).get(this.run.id) ?? [];
    for (const epoch of done) observe(epoch, callbacks);
    for (let number = done.length + 1; number <= epochs && !callbacks.earlyStopping.shouldStop; number++) {
      if (!(await this.#trainEpoch(number, prepared, outputs, callbacks))) return;
    }
    await this.#endWell(prepared, outputs, callbacks);
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
      await this.#endDiverged({ ...figures, seconds: seconds() }, loop.globalStep, outputs);
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

  async #endWell(
    prepared: PreparedRun,
    outputs: RunOutputs,
    { earlyStopping }: EpochCallbacks,
  ): Promise<void> {
    const stopped = earlyStopping.shouldStop;
    await this.#end({
      from: "RUNNING",
      to: "SUCCEEDED",
      reason: stopped ? "EARLY_STOPPED" : "COMPLETED",
      detail: stopped ? earlyStopping.detail : null,
      ...(await this.#evaluateTest(prepared, outputs)),
    });
  }

  /** How the best checkpoint does on pictures that nothing was decided by. */
  async #evaluateTest(
    prepared: PreparedRun,
    outputs: RunOutputs,
  ): Promise<Pick<RunEnd, "evaluation" | "warnings">> {
    const { loop, pictures } = prepared;
    const checkpoints = await this.options.stores.attempts.checkpoints(this.run.id);
    const best = checkpoints.find((checkpoint) => checkpoint.best);
    if (best === undefined || pictures.index.positionsOf("TEST").length === 0) return {};
    try {
      await prepared.restore(best);
    } catch (error) {
      if (!tellsOfUnusable(error)) throw error;
      const message = `The best checkpoint could not be evaluated on the test split: ${error.message}`;
      return { warnings: [{ code: error.code, message }] };
    }
    const predictions = new PredictionsCollector();
    await loop.evaluate("TEST", this.#stop.signal, predictions.add);
    return { evaluation: await outputs.evaluate("TEST", best.epoch, predictions.finish()) };
  }

  /** Every step of the epoch was fine, but its last ones ruined the weights: nothing to keep of them. */
  async #endDiverged(epoch: EpochRecord, step: number, outputs: RunOutputs): Promise<void> {
    const { stores, clock } = this.options;
    const written = await outputs.epochFinished(epoch, { step, at: clock.now() }, null, null);
    await this.#progress.settle();
    await stores.attempts.finishEpoch(
      this.#attempt,
      { epoch, step, improved: false, checkpoint: null, ...written },
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
  async #endEarly(error: unknown, prepared: PreparedRun): Promise<RunOutcome | null> {
    const { loop } = prepared;
    const outcome = outcomeOf(error);
    if (outcome.kind !== "end") return outcome;
    const end: RunEnd = { from: "RUNNING", to: outcome.to, reason: outcome.reason, detail: outcome.detail };
    if (error instanceof Diverged) {
      await this.#end({ ...end, values: { epoch: error.epoch, points: error.metrics } });
      return null;
    }
    if (outcome.to === "CANCELLED" && loop.globalStep > this.#savedStep) {
      const checkpoint = await this.#saveUnfinishedEpoch(prepared);
      await this.#end(checkpoint === null ? end : { ...end, checkpoint });
      return null;
    }
    return outcome;
  }

  /** Null when it cannot be saved: a run that was cancelled ends so all the same. */
  async #saveUnfinishedEpoch({
    loop,
    session,
    checkpointsFolder,
  }: PreparedRun): Promise<SavedCheckpoint | null> {
    const epoch = Math.ceil(loop.globalStep / loop.stepsPerEpoch);
    const folder = `epoch-${epoch}`;
    try {
      const saved = await saveCheckpoint(session, path.join(checkpointsFolder, folder));
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
    await removeCheckpoints(path.join(this.#runFolder, "checkpoints"), dropped);
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
