import path from "node:path";
import { hasCode } from "../../core/app-error.js";
import { measuredMetrics } from "../../core/metrics/epoch-metrics.js";
import type { EpochRecord } from "../../core/runs/events.js";
import type { RunWarning } from "../../core/runs/warnings.js";
import { PredictionsCollector } from "../evaluation/predictions.js";
import { AttemptReplaced, type RunAttempt } from "../lifecycle/attempt.js";
import { removeUnnamedCheckpoints } from "../lifecycle/checkpoint-folders.js";
import { RunStopped } from "../lifecycle/stopped.js";
import { BestCheckpoint } from "../loop/best-checkpoint.js";
import { EarlyStopping } from "../loop/early-stopping.js";
import { ProgressReporter } from "../loop/progress-reporter.js";
import { EPOCH_START, TRAINING_START, type TrainingPosition } from "../record/epoch-position.js";
import type { RunRecord } from "../record/run-records.js";
import { tensorBoardName } from "../tensorboard/tensorboard-log.js";
import { AttemptTime } from "./attempt-time.js";
import { RunEnding } from "./ending.js";
import { RunKeeper } from "./keeper.js";
import { LeaseKeeper } from "./lease-keeper.js";
import type { RunTrainingOptions } from "./options.js";
import { outcomeOf, type RunOutcome } from "./outcome.js";
import { RunOutputs } from "./outputs.js";
import type { PreparedRun } from "./preparation.js";
import { RunSetup } from "./setup.js";
import { untilWritten, WriteQueue } from "./write-queue.js";

/** An attempt at a run that was taken off the queue, from PREPARING to its end. */
export class RunTraining {
  readonly #attempt: RunAttempt;
  readonly #runFolder: string;
  readonly #stop = new AbortController();
  /** Aborts when the process ends: work that waits for an unreachable database is given up. */
  readonly #closing = new AbortController();
  readonly #time: AttemptTime;
  readonly #progress: ProgressReporter;
  readonly #keeper: RunKeeper;
  readonly #ending: RunEnding;
  #state: "PREPARING" | "RUNNING" = "PREPARING";
  #position: TrainingPosition = TRAINING_START;
  /** Warnings for the owner of the run that are not recorded yet. */
  #warnings: RunWarning[] = [];

  constructor(
    private readonly options: RunTrainingOptions,
    private readonly run: RunRecord,
  ) {
    const { id, attempt } = run;
    this.#attempt = { runId: id, attempt };
    this.#runFolder = path.join(options.outputs.runsFolder, id);
    const checkpointsFolder = path.join(this.#runFolder, "checkpoints");
    const closing = this.#closing.signal;
    const time = new AttemptTime(options.clock, run.trainingSeconds);
    this.#time = time;
    const writer = new WriteQueue({
      log: options.log,
      time,
      closing,
      onFailure: (error) => this.#stop.abort(error),
    });
    this.#keeper = new RunKeeper(options, this.#attempt, checkpointsFolder, writer);
    this.#ending = new RunEnding({ ...options, attempt: this.#attempt, time, checkpointsFolder, closing });
    this.#progress = new ProgressReporter(
      (progress) =>
        options.stores.attempts
          .recordProgress(this.#attempt, { ...progress, trainingSeconds: time.totalSeconds })
          .catch(this.#progressFailed),
      options.clock,
    );
  }

  /** Stops the run before its next step, after saving its weights. */
  stop(because: RunStopped["because"]): void {
    if (because === "SHUTDOWN") this.#closing.abort();
    this.#stop.abort(new RunStopped(because));
  }

  /** Trains to the end. @returns the outcome of an error that is not recorded yet, or null */
  async train(): Promise<RunOutcome | null> {
    await using _lease = new LeaseKeeper(this.options, this.#attempt, this.#time, {
      onRequest: (request) => this.stop(request === "CANCEL" ? "CANCELLED" : "PAUSED"),
      onReplaced: (error) => this.#stop.abort(error),
    });
    try {
      await using setup = await RunSetup.open(this.options, this.run, this.#runFolder, this.#watch);
      for (;;) {
        const outcome = await this.#tryWith(setup);
        if (outcome !== "OUT_OF_MEMORY") return outcome;
        this.#warnings.push(await setup.halveMicroBatches());
      }
    } catch (error) {
      await this.#progress.settle();
      return outcomeOf(error);
    } finally {
      this.#time.stop();
    }
  }

  /** Records an outcome of `train`. Can be called again when the database was unreachable. */
  async conclude(outcome: RunOutcome): Promise<void> {
    const { stores, clock } = this.options;
    if (outcome.kind === "end") {
      await this.#ending.record({ from: this.#state, ...outcome.end });
    } else if (outcome.kind === "requeue") {
      const trainingSeconds = this.#time.totalSeconds;
      await stores.interruptions.interrupt(this.#attempt, { ...outcome, trainingSeconds }, clock.now());
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
   * @returns "OUT_OF_MEMORY" when a micro-batch did not fit into memory and can be smaller. The failed step can have
   *   changed some weights, so all of them are restored from the last checkpoint
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
        if (hasCode(error, "ENGINE_OUT_OF_MEMORY") && setup.canHalveMicroBatches) throw error;
        if (error instanceof RunStopped) await this.#saveBeforeStopping(prepared);
        await this.#keeper.flush();
        return await this.#ending.fail(error);
      }
    } catch (error) {
      if (hasCode(error, "ENGINE_OUT_OF_MEMORY") && setup.canHalveMicroBatches) {
        await this.#keeper.flush();
        return "OUT_OF_MEMORY";
      }
      throw error;
    }
  }

  /** Gives the session its weights, and records that the run is RUNNING. */
  async #start({ plan }: RunSetup, prepared: PreparedRun): Promise<RunOutputs> {
    const { stores, clock, outputs: targets } = this.options;
    const { id } = this.run;
    this.#stop.signal.throwIfAborted();
    const { position, warnings } = await prepared.initialize(
      await stores.attempts.checkpoints(id),
      this.#watch,
    );
    await this.#progress.settle();
    const moment = { step: position.step, at: clock.now() };
    const earlier = await stores.attempts.artifactFile(id, tensorBoardName(this.run));
    const { classCount } = plan;
    const outputs = await RunOutputs.open(this.run, classCount, targets, this.#runFolder, moment, earlier);
    try {
      const from = {
        epoch: position.epochs,
        step: position.step,
        stepsPerEpoch: prepared.loop.stepsPerEpoch,
        warnings: [...this.#warnings, ...warnings],
      };
      const unnamed = await this.#untilWritten(() =>
        stores.attempts.start(this.#attempt, from, clock.now(), outputs.artifacts),
      );
      this.#warnings = [];
      this.#state = "RUNNING";
      this.#position = position;
      this.#keeper.startAt(position.step);
      await removeUnnamedCheckpoints(prepared.checkpointsFolder, await stores.attempts.checkpoints(id));
      await stores.attempts.removePredictions(unnamed, outputs.removePredictions);
      await outputs.removeEarlier();
      return outputs;
    } catch (error) {
      await outputs[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #trainEpochs(prepared: PreparedRun, outputs: RunOutputs): Promise<void> {
    const { id, configuration } = this.run;
    const { epochs, monitor } = configuration;
    // New for every try, because a try that failed can have shown them an epoch that was never recorded.
    const { extendedAfterEpochs } = configuration;
    const earlyStopping = new EarlyStopping(configuration.earlyStopping, monitor, extendedAfterEpochs);
    const callbacks = { best: new BestCheckpoint(monitor), earlyStopping };
    const done = (await this.options.stores.runs.epochsOf([id])).get(id) ?? [];
    for (const epoch of done) observe(epoch, callbacks);
    for (let number = done.length + 1; number <= epochs && !earlyStopping.shouldStop; number++) {
      if (!(await this.#trainEpoch(number, prepared, outputs, callbacks))) return;
    }
    await this.#keeper.flush();
    await this.#ending.succeed(prepared, outputs, { earlyStopping, stop: this.#stop.signal });
  }

  /** @returns false when the run ended in the epoch */
  async #trainEpoch(
    number: number,
    prepared: PreparedRun,
    outputs: RunOutputs,
    callbacks: EpochCallbacks,
  ): Promise<boolean> {
    const { clock } = this.options;
    const { loop, session } = prepared;
    const { batchSize, checkpointEveryMinutes, epochs } = this.run.configuration;
    const { inEpoch } = this.#position;
    const startedMs = clock.monotonicMs();
    this.#progress.epochStarted();
    const size = { epochs, stepsPerEpoch: loop.stepsPerEpoch };
    const train = await loop.train(number, inEpoch, this.#stop.signal, async (report) => {
      const { globalStep: step, learningRate } = loop;
      this.#position = { epochs: number - 1, step, learningRate, inEpoch: report.position };
      this.#progress.stepFinished(report, size);
      await this.#keeper.stepDone(number, step, report.loss);
      const due = this.#keeper.minutesSinceSaved >= (checkpointEveryMinutes ?? Number.POSITIVE_INFINITY);
      if (due && report.step < size.stepsPerEpoch) await this.#keeper.saveInside(session, this.#position);
    });
    const trainedMs = clock.monotonicMs();
    const predictions = new PredictionsCollector();
    const validation = await loop.evaluate("VALIDATION", this.#stop.signal, predictions.add);
    const trained = loop.trainingSamples - Math.min(inEpoch.steps * batchSize, loop.trainingSamples);
    const epoch = {
      number,
      ...measuredMetrics({
        train,
        validation,
        learningRate: loop.learningRate,
        imagesPerSecond: (trained * 1000) / Math.max(trainedMs - startedMs, 1),
      }),
      seconds: (clock.monotonicMs() - startedMs) / 1000,
    };
    await this.#progress.settle();
    if (!Number.isFinite(validation.loss)) {
      await this.#keeper.flush();
      await this.#ending.diverge(epoch, loop.globalStep, outputs);
      return false;
    }
    const improved = observe(epoch, callbacks);
    const result = { epoch, improved, predictions: predictions.finish() };
    await this.#keeper.finishEpoch(result, loop.globalStep, prepared, outputs);
    this.#position = { ...this.#position, epochs: number, inEpoch: EPOCH_START };
    return true;
  }

  /** Saves a run that stops. When that fails, it stops anyway and continues from an earlier checkpoint later. */
  async #saveBeforeStopping({ session }: PreparedRun): Promise<void> {
    try {
      await this.#keeper.saveInside(session, this.#position);
    } catch (error) {
      this.options.log.warn("could not save a stopping run", { ...this.#attempt, error });
    }
  }

  #untilWritten<T>(work: () => Promise<T>): Promise<T> {
    const { log } = this.options;
    return this.#time.exclude(untilWritten(work, { log, closing: this.#closing.signal }));
  }

  /** A report of progress may be lost, but an attempt that was replaced must stop. */
  readonly #progressFailed = (error: unknown): void => {
    if (error instanceof AttemptReplaced) this.#stop.abort(error);
    else this.options.log.warn("could not write progress", { ...this.#attempt, error });
  };
}

/** Receives the finished epochs, in their order. */
interface EpochCallbacks {
  readonly best: BestCheckpoint;
  readonly earlyStopping: EarlyStopping;
}

/** @returns whether the epoch is the best so far */
function observe(epoch: EpochRecord, { best, earlyStopping }: EpochCallbacks): boolean {
  earlyStopping.observe(epoch);
  return best.observe(epoch);
}
