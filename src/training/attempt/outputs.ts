import type { EpochRecord } from "../../core/runs/events.js";
import type { EvaluatedSplit, NewEvaluation } from "../evaluation/evaluation-records.js";
import type { Predictions } from "../evaluation/predictions.js";
import type { PredictionsKeeper } from "../evaluation/predictions-keeper.js";
import type { NewArtifact } from "../record/artifact-store.js";
import type { SavedCheckpoint } from "../record/checkpoint-store.js";
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

/** The outputs of an epoch beside its checkpoint, which a transaction records. */
export interface EpochOutputs {
  readonly evaluation: NewEvaluation | null;
  readonly artifacts: readonly NewArtifact[];
}

type EvaluatedCheckpoint = Pick<SavedCheckpoint, "epoch" | "sha256">;

/** Writes the outputs of an attempt for people and tools: predictions and TensorBoard events. */
export class RunOutputs implements AsyncDisposable {
  private constructor(
    private readonly targets: OutputTargets,
    private readonly log: TensorBoardLog,
    private readonly classCount: number,
  ) {}

  /**
   * @param from the events that an earlier attempt wrote up to here are copied
   * @param earlier path of the TensorBoard file of the earlier attempt, below the folder of the run; null: none
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

  /** The current files. */
  get artifacts(): readonly NewArtifact[] {
    return [this.log.artifact];
  }

  /**
   * Writes the outputs of an epoch.
   *
   * @param sources null when the run diverged, so that its weights are useless
   * @param best the checkpoint of the epoch and its predictions for the validation split when it is the best so far;
   *   otherwise null
   */
  async epochFinished(
    epoch: EpochRecord,
    moment: Moment,
    sources: SummarySources | null,
    best: { readonly checkpoint: EvaluatedCheckpoint; readonly predictions: Predictions } | null,
  ): Promise<EpochOutputs> {
    const evaluation =
      best === null ? null : await this.evaluate("VALIDATION", best.checkpoint, best.predictions);
    return { evaluation, artifacts: [await this.log.append(epoch, moment, sources)] };
  }

  /** Stores and evaluates the predictions of a checkpoint. */
  async evaluate(
    split: EvaluatedSplit,
    { epoch, sha256: checkpointSha256 }: EvaluatedCheckpoint,
    predictions: Predictions,
  ): Promise<NewEvaluation> {
    const { classCount } = this;
    return this.targets.predictions.keep({ split, epoch, checkpointSha256, classCount }, predictions);
  }

  /** To be called once the evaluation is recorded. */
  async evaluationRecorded(evaluation: NewEvaluation, predictions: Predictions): Promise<void> {
    await this.targets.predictions.ensureKept(evaluation, predictions);
  }

  /** See `EvaluationStore.removeUnnamed`. */
  readonly removePredictions = (sha256: string): Promise<void> => this.targets.predictions.remove(sha256);

  /** Removes the files of earlier attempts, which no record names. */
  removeEarlier(): Promise<void> {
    return this.log.removeEarlier();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.log[Symbol.asyncDispose]();
  }
}
