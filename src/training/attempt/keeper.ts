import path from "node:path";
import type { MetricValueAt } from "../../core/metrics/epoch-metrics.js";
import { BATCH_LOSS } from "../../core/metrics/epoch-metrics.js";
import type { EpochRecord } from "../../core/runs/events.js";
import { saveCheckpoint } from "../../engine/checkpoints/checkpoint.js";
import type { Session } from "../../engine/session.js";
import type { Predictions } from "../evaluation/predictions.js";
import type { RunAttempt } from "../lifecycle/attempt.js";
import { removeCheckpoints } from "../lifecycle/checkpoint-folders.js";
import type { SavedCheckpoint } from "../record/checkpoint-store.js";
import type { TrainingPosition } from "../record/epoch-position.js";
import type { RunTrainingOptions } from "./options.js";
import type { RunOutputs } from "./outputs.js";
import type { PreparedRun } from "./preparation.js";
import type { WriteQueue } from "./write-queue.js";

/** Values wait this long to be written together. */
const VALUES_EVERY_MS = 1_000;
const MAX_VALUES = 1_000;

/** The results of an epoch to keep. */
export interface EpochResult {
  readonly epoch: EpochRecord;
  /** Whether the epoch is the best so far. */
  readonly improved: boolean;
  /** Predictions for the validation split. */
  readonly predictions: Predictions;
}

/**
 * Saves the results of an attempt. Files reach the disk before training continues; the rows that name them are written
 * later, in order. When the process dies, files without a row are ignored.
 */
export class RunKeeper {
  #values: MetricValueAt[] = [];
  #valuesEpoch = 0;
  #lastWriteMs: number;
  #savedStep = 0;
  #savedMs: number;

  constructor(
    private readonly options: Pick<RunTrainingOptions, "stores" | "clock">,
    private readonly attempt: RunAttempt,
    private readonly checkpointsFolder: string,
    private readonly writer: WriteQueue,
  ) {
    this.#lastWriteMs = options.clock.monotonicMs();
    this.#savedMs = this.#lastWriteMs;
  }

  /** Begins with the weights of a checkpoint at this step, or with initial weights at step 0. */
  startAt(step: number): void {
    this.#values = [];
    this.#savedStep = step;
    this.#savedMs = this.options.clock.monotonicMs();
  }

  /** Time since the last checkpoint, or since the start. */
  get minutesSinceSaved(): number {
    return (this.options.clock.monotonicMs() - this.#savedMs) / 60_000;
  }

  /** @param step number of optimizer steps */
  async stepDone(epoch: number, step: number, loss: number): Promise<void> {
    this.#valuesEpoch = epoch;
    this.#values.push({ key: BATCH_LOSS.key, step, value: loss });
    const waitedMs = this.options.clock.monotonicMs() - this.#lastWriteMs;
    if (waitedMs >= VALUES_EVERY_MS || this.#values.length >= MAX_VALUES) await this.#writeValues();
  }

  /** Saves the weights inside an epoch, unless they are already saved. */
  async saveInside(
    session: Session,
    { epochs, step, learningRate, inEpoch }: TrainingPosition,
  ): Promise<void> {
    if (step === this.#savedStep) return;
    const checkpoint = await this.#save(session, `step-${step}`, {
      epoch: epochs + 1,
      step,
      position: { ...inEpoch, learningRate },
    });
    await this.#writeValues();
    await this.writer.write(async () => {
      const { attempts } = this.options.stores;
      const dropped = await attempts.saveCheckpoint(this.attempt, checkpoint, this.options.clock.now());
      await removeCheckpoints(this.checkpointsFolder, dropped);
    });
  }

  /** Saves the weights at the end of an epoch, with its metrics and predictions. */
  async finishEpoch(
    result: EpochResult,
    step: number,
    prepared: PreparedRun,
    outputs: RunOutputs,
  ): Promise<void> {
    const { epoch, improved } = result;
    const { number } = epoch;
    const at = this.options.clock.now();
    const place = { epoch: number, step, position: null };
    const checkpoint = await this.#save(prepared.session, `epoch-${number}`, place);
    const predictions = improved ? result.predictions : null;
    const best = predictions === null ? null : { checkpoint, predictions };
    const written = await outputs.epochFinished(epoch, { step, at }, prepared, best);
    await this.#writeValues();
    await this.writer.write(async () => {
      const { attempts } = this.options.stores;
      const finished = { epoch, step, improved, checkpoint, ...written };
      const replaced = await attempts.finishEpoch(this.attempt, finished, at);
      if (predictions !== null && written.evaluation !== null) {
        await outputs.evaluationRecorded(written.evaluation, predictions);
      }
      await attempts.removePredictions(replaced.predictions, outputs.removePredictions);
      await removeCheckpoints(this.checkpointsFolder, replaced.checkpoints);
    });
  }

  /** Resolves when everything is in the database. @throws the failure of a write */
  async flush(): Promise<void> {
    await this.#writeValues();
    await this.writer.flush();
  }

  async #save(
    session: Session,
    name: string,
    place: Pick<SavedCheckpoint, "epoch" | "step" | "position">,
  ): Promise<SavedCheckpoint> {
    // The name contains the attempt, so an attempt that was replaced cannot overwrite the files of the new one.
    const folder = `attempt-${this.attempt.attempt}-${name}`;
    const saved = await saveCheckpoint(session, path.join(this.checkpointsFolder, folder));
    this.#savedStep = place.step;
    this.#savedMs = this.options.clock.monotonicMs();
    return { ...place, folder, ...saved };
  }

  async #writeValues(): Promise<void> {
    this.#lastWriteMs = this.options.clock.monotonicMs();
    const values = { epoch: this.#valuesEpoch, points: this.#values };
    if (values.points.length === 0) return;
    this.#values = [];
    const at = this.options.clock.now();
    await this.writer.write(() => this.options.stores.attempts.recordValues(this.attempt, values, at));
  }
}
