import type { Checkpoint, EpochFigures, Evaluation, RunEvent, RunResult } from "../operations.js";

/** The results of a run, to be compared with those of another run. */
export interface RunEvidence {
  /** Name of the run in reports: "the reference", "run 3". */
  readonly name: string;
  readonly runId: string;
  readonly state: string;
  readonly endReason: string | null;
  readonly endDetail: string | null;
  /** Checkpoints that exist according to the API, by epoch. */
  readonly checkpoints: readonly Checkpoint[];
  /** Digests of all checkpoint folders on the disk, including incomplete ones, by name. */
  readonly checkpointFolders: ReadonlyMap<string, string>;
  readonly summaries: RunResult["metrics"];
  /** Every point of every metric, in the order of the API. */
  readonly metrics: ReadonlyMap<string, readonly MetricPoint[]>;
  readonly epochs: readonly EpochFigures[];
  readonly evaluations: readonly Evaluation[];
  /** Digests of the artifacts, by name. TensorBoard's file is in `tensorboard`. */
  readonly artifacts: ReadonlyMap<string, string>;
  readonly tensorboard: readonly TensorBoardRecord[];
  /** Events as the API lists them. */
  readonly events: readonly RunEvent[];
  /** Events of a subscriber that every kill disconnected and that continued after its last event. */
  readonly followed: readonly RunEvent[];
}

export interface MetricPoint {
  readonly step: number;
  /** The shortest decimal representation of the double, or the kind of a value that is not finite. */
  readonly value: string;
}

/** A record of a TensorBoard event file. */
export interface TensorBoardRecord {
  readonly step: number;
  /** Tag of the value, such as "train/loss"; empty for the first record of the file. */
  readonly tag: string;
  /** SHA-256 of the record without its time of writing. */
  readonly sha256: string;
}
