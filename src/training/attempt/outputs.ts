import type { EpochRecord } from "../../core/run-events.js";
import type { EvaluatedSplit, NewEvaluation } from "../evaluation/evaluation-records.js";
import type { Predictions } from "../evaluation/predictions.js";
import type { PredictionsKeeper } from "../evaluation/predictions-keeper.js";
import type { NewArtifact } from "../record/artifact-store.js";
import type { RunRecord } from "../record/run-records.js";
import type { Moment } from "../tensorboard/event.js";
import { type PngEncoder, type SummarySources, TensorBoardLog } from "../tensorboard/tensorboard-log.js";

/** Where the outputs of runs go. */
export interface OutputTargets {
  /** Folder with one folder for each run, named by its id, which holds its checkpoints in `checkpoints`. */
  readonly runsFolder: string;
  readonly predictions: PredictionsKeeper;
  readonly encoder: PngEncoder;
}

/** What an epoch leaves beside its checkpoint, for a transaction to record. */
export interface EpochOutputs {
  readonly evaluation: NewEvaluation | null;
  readonly artifacts: readonly NewArtifact[];
}

/** What one attempt at a run writes for people and tools: predictions, and TensorBoard's events. */
export class RunOutputs implements AsyncDisposable {
  private constructor(
    private readonly targets: OutputTargets,
    private readonly log: TensorBoardLog,
    private readonly classCount: number,
  ) {}

  /**
   * @param from what an earlier attempt wrote up to here is taken over
   * @param earlier path of the earlier attempt's TensorBoard file, below the run's folder; null: there is none
   */
  static async open(
    run: RunRecord,
    classCount: number,
    targets: OutputTargets,
    runFolder: string,
    from: Moment,
    earlier: string | null,
  ): Promise<RunOutputs> {
    const log = await TensorBoardLog.open(run, runFolder, targets.encoder, from, earlier);
    return new RunOutputs(targets, log, classCount);
  }

  /** Files as they are. */
  get artifacts(): readonly NewArtifact[] {
    return [this.log.artifact];
  }

  /**
   * Writes what an epoch gave.
   *
   * @param sources null when the weights are not worth a look: the run diverged
   * @param validation predictions of the best checkpoint so far; null when the epoch did not give it
   */
  async epochFinished(
    epoch: EpochRecord,
    moment: Moment,
    sources: SummarySources | null,
    validation: Predictions | null,
  ): Promise<EpochOutputs> {
    const evaluation =
      validation === null ? null : await this.evaluate("VALIDATION", epoch.number, validation);
    return { evaluation, artifacts: [await this.log.append(epoch, moment, sources)] };
  }

  /** Keeps the predictions of the checkpoint of an epoch, and says how good they are. */
  async evaluate(split: EvaluatedSplit, epoch: number, predictions: Predictions): Promise<NewEvaluation> {
    return this.targets.predictions.keep({ split, epoch, classCount: this.classCount }, predictions);
  }

  /** Once the evaluation is recorded. */
  async evaluationRecorded(evaluation: NewEvaluation, predictions: Predictions): Promise<void> {
    await this.targets.predictions.ensureKept(evaluation, predictions);
  }

  /** See `EvaluationStore.removeUnnamed`. */
  readonly removePredictions = (sha256: string): Promise<void> => this.targets.predictions.remove(sha256);

  /** Removes the files of earlier attempts, which nothing names any more. */
  removeEarlier(): Promise<void> {
    return this.log.removeEarlier();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.log[Symbol.asyncDispose]();
  }
}
