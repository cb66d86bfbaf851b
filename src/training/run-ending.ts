import path from "node:path";
import type { EpochRecord } from "../core/run-events.js";
import { saveCheckpoint } from "../engine/checkpoint.js";
import { Diverged } from "./callbacks/divergence.js";
import type { EarlyStopping } from "./callbacks/early-stopping.js";
import { removeCheckpoints } from "./checkpoint-folders.js";
import { PredictionsCollector } from "./evaluation/predictions.js";
import type { RunAttempt } from "./run-attempt.js";
import type { RunEnd, SavedCheckpoint } from "./run-attempt-store.js";
import { outcomeOf, type RunOutcome } from "./run-outcome.js";
import type { RunOutputs } from "./run-outputs.js";
import { type PreparedRun, tellsOfUnusable } from "./run-preparation.js";
import type { RunTrainingOptions } from "./run-training-options.js";

/** Brings an attempt that is at work to its end, whatever that is, and records it. */
export class RunEnding {
  constructor(
    private readonly options: Pick<RunTrainingOptions, "stores" | "clock" | "log">,
    private readonly attempt: RunAttempt,
    private readonly checkpointsFolder: string,
  ) {}

  /** Every epoch is done, or one more would gain nothing: looks at the test split, once. */
  async succeed(
    prepared: PreparedRun,
    outputs: RunOutputs,
    { earlyStopping, stop }: { readonly earlyStopping: EarlyStopping; readonly stop: AbortSignal },
  ): Promise<void> {
    const stopped = earlyStopping.shouldStop;
    await this.record({
      from: "RUNNING",
      to: "SUCCEEDED",
      reason: stopped ? "EARLY_STOPPED" : "COMPLETED",
      detail: stopped ? earlyStopping.detail : null,
      ...(await this.#evaluateTest(prepared, outputs, stop)),
    });
  }

  /** Every step of the epoch was fine, but its last ones ruined the weights: nothing to keep of them. */
  async diverge(epoch: EpochRecord, step: number, outputs: RunOutputs): Promise<void> {
    const { stores, clock } = this.options;
    const written = await outputs.epochFinished(epoch, { step, at: clock.now() }, null, null);
    await stores.attempts.finishEpoch(
      this.attempt,
      { epoch, step, improved: false, checkpoint: null, ...written },
      clock.now(),
    );
    await this.record({
      from: "RUNNING",
      to: "FAILED",
      reason: "DIVERGED",
      detail:
        `The validation loss became ${epoch.validationLoss} after epoch ${epoch.number} (step ${step}), with a ` +
        `learning rate of ${epoch.learningRate}. Lower learningRate.initial, or warm up longer.`,
    });
  }

  /**
   * Ends that need the session, or what the error carries.
   *
   * @param savedStep optimiser steps at the last checkpoint that a row names
   * @returns what to do when this was none of them
   */
  async fail(error: unknown, prepared: PreparedRun, savedStep: number): Promise<RunOutcome | null> {
    const outcome = outcomeOf(error);
    if (outcome.kind !== "end") return outcome;
    const end: RunEnd = { from: "RUNNING", to: outcome.to, reason: outcome.reason, detail: outcome.detail };
    if (error instanceof Diverged) {
      await this.record({ ...end, values: { epoch: error.epoch, points: error.metrics } });
      return null;
    }
    if (outcome.to === "CANCELLED" && prepared.loop.globalStep > savedStep) {
      const checkpoint = await this.#saveUnfinishedEpoch(prepared);
      await this.record(checkpoint === null ? end : { ...end, checkpoint });
      return null;
    }
    return outcome;
  }

  /** Writes an end, and removes the checkpoints that are not kept any more. */
  async record(end: RunEnd): Promise<void> {
    const { stores, clock, log } = this.options;
    const dropped = await stores.attempts.end(this.attempt, end, clock.now());
    log.info("run ended", { ...this.attempt, state: end.to, reason: end.reason, detail: end.detail });
    await removeCheckpoints(this.checkpointsFolder, dropped);
  }

  /** How the best checkpoint does on pictures that nothing was decided by. */
  async #evaluateTest(
    prepared: PreparedRun,
    outputs: RunOutputs,
    stop: AbortSignal,
  ): Promise<Pick<RunEnd, "evaluation" | "warnings">> {
    const { loop, pictures } = prepared;
    const checkpoints = await this.options.stores.attempts.checkpoints(this.attempt.runId);
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
    await loop.evaluate("TEST", stop, predictions.add);
    return { evaluation: await outputs.evaluate("TEST", best.epoch, predictions.finish()) };
  }

  /** Null when it cannot be saved: a run that was cancelled ends so all the same. */
  async #saveUnfinishedEpoch({ loop, session }: PreparedRun): Promise<SavedCheckpoint | null> {
    const epoch = Math.ceil(loop.globalStep / loop.stepsPerEpoch);
    const folder = `epoch-${epoch}`;
    try {
      const saved = await saveCheckpoint(session, path.join(this.checkpointsFolder, folder));
      return { epoch, step: loop.globalStep, folder, ...saved };
    } catch (error) {
      this.options.log.warn("could not save a checkpoint of a cancelled run", { ...this.attempt, error });
      return null;
    }
  }
}
