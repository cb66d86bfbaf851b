import type { EpochRecord } from "../../core/runs/events.js";
import { type Predictions, PredictionsCollector } from "../evaluation/predictions.js";
import type { RunAttempt } from "../lifecycle/attempt.js";
import { removeUnnamedCheckpoints } from "../lifecycle/checkpoint-folders.js";
import { Diverged } from "../loop/divergence.js";
import type { EarlyStopping } from "../loop/early-stopping.js";
import type { RunEnd } from "./attempt-store.js";
import type { AttemptTime } from "./attempt-time.js";
import type { RunTrainingOptions } from "./options.js";
import { outcomeOf, type RunOutcome } from "./outcome.js";
import type { RunOutputs } from "./outputs.js";
import { isUnusableCheckpoint, type PreparedRun } from "./preparation.js";
import { untilWritten } from "./write-queue.js";

export interface RunEndingOptions extends Pick<RunTrainingOptions, "stores" | "clock" | "log"> {
  readonly attempt: RunAttempt;
  readonly time: AttemptTime;
  readonly checkpointsFolder: string;
  /** Ends the waiting for an unreachable database. */
  readonly closing: AbortSignal;
}

/** Ends an attempt and records how it ended. */
export class RunEnding {
  constructor(private readonly options: RunEndingOptions) {}

  /** All epochs are done, or early stopping ends the run: evaluates the test split, once. */
  async succeed(
    prepared: PreparedRun,
    outputs: RunOutputs,
    { earlyStopping, stop }: { readonly earlyStopping: EarlyStopping; readonly stop: AbortSignal },
  ): Promise<void> {
    const stopped = earlyStopping.shouldStop;
    const { predictions, ...tested } = await this.#evaluateTest(prepared, outputs, stop);
    const unnamed = await this.record({
      from: "RUNNING",
      to: "SUCCEEDED",
      reason: stopped ? "EARLY_STOPPED" : "COMPLETED",
      detail: stopped ? earlyStopping.detail : null,
      ...tested,
    });
    if (predictions !== undefined && tested.evaluation !== undefined) {
      await outputs.evaluationRecorded(tested.evaluation, predictions);
    }
    const { attempts } = this.options.stores;
    await untilWritten(() => attempts.removePredictions(unnamed, outputs.removePredictions), this.options);
  }

  /** All losses of the epoch were finite, but its validation loss is not, so its weights are not kept. */
  async diverge(epoch: EpochRecord, step: number, outputs: RunOutputs): Promise<void> {
    const { stores, clock, attempt, time } = this.options;
    const written = await outputs.epochFinished(epoch, { step, at: clock.now() }, null, null);
    const finished = { epoch, step, improved: false, checkpoint: null, ...written };
    await time.exclude(
      untilWritten(() => stores.attempts.finishEpoch(attempt, finished, clock.now()), this.options),
    );
    await this.record({
      from: "RUNNING",
      to: "FAILED",
      reason: "DIVERGED",
      detail:
        `The validation loss became ${epoch.validationLoss} after epoch ${epoch.number} (step ${step}), with a ` +
        `learning rate of ${epoch.learningRate}. Lower learningRate.initial, or use a longer warm-up.`,
    });
  }

  /**
   * Records an end for which the error has additional data.
   *
   * @returns the outcome of other errors, which is not yet recorded
   */
  async fail(error: unknown): Promise<RunOutcome | null> {
    const outcome = outcomeOf(error);
    if (!(error instanceof Diverged) || outcome.kind !== "end") return outcome;
    const values = { epoch: error.epoch, points: error.metrics };
    await this.record({ from: "RUNNING", ...outcome.end, values });
    return null;
  }

  /**
   * Records an end, and removes the checkpoints that no record names.
   *
   * @returns as `EvaluationStore.record` does
   */
  async record(end: RunEnd): Promise<readonly string[]> {
    const { stores, clock, log, attempt, time, checkpointsFolder } = this.options;
    const timed = { ...end, trainingSeconds: time.totalSeconds };
    const unnamed = await untilWritten(() => stores.attempts.end(attempt, timed, clock.now()), this.options);
    log.info("run ended", { ...attempt, state: end.to, reason: end.reason, detail: end.detail });
    await removeUnnamedCheckpoints(checkpointsFolder, await stores.attempts.checkpoints(attempt.runId));
    return unnamed;
  }

  /** Evaluates the best checkpoint on the test split, by which no decision was made. */
  async #evaluateTest(
    prepared: PreparedRun,
    outputs: RunOutputs,
    stop: AbortSignal,
  ): Promise<Pick<RunEnd, "evaluation" | "warnings"> & { readonly predictions?: Predictions }> {
    const { loop, images } = prepared;
    const checkpoints = await this.options.stores.attempts.checkpoints(this.options.attempt.runId);
    const best = checkpoints.find((checkpoint) => checkpoint.best);
    if (best === undefined || images.index.positionsOf("TEST").length === 0) return {};
    try {
      await prepared.restore(best);
    } catch (error) {
      if (!isUnusableCheckpoint(error)) throw error;
      const message = `The best checkpoint could not be evaluated on the test split: ${error.message}`;
      return { warnings: [{ code: error.code, message }] };
    }
    const collector = new PredictionsCollector();
    await loop.evaluate("TEST", stop, collector.add);
    const predictions = collector.finish();
    return { evaluation: await outputs.evaluate("TEST", best, predictions), predictions };
  }
}
