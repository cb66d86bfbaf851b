import type { Checkpoint, EpochFigures, Evaluation, RunEvent, RunResult } from "../operations.js";

/** Everything that a run left, to be compared with what another left. */
export interface RunEvidence {
  /** For people: "the reference", "run 3". */
  readonly name: string;
  readonly runId: string;
  readonly state: string;
  readonly endReason: string | null;
  readonly endDetail: string | null;
  /** What the API says it saved and still has, by epoch. */
  readonly checkpoints: readonly Checkpoint[];
  /** Digests of the folders of checkpoints that lie on the disk, by name; not of whole ones alone. */
  readonly checkpointFolders: ReadonlyMap<string, string>;
  readonly summaries: RunResult["metrics"];
  /** Every point of every metric, in the order in which the API gives them. */
  readonly metrics: ReadonlyMap<string, readonly MetricPoint[]>;
  readonly epochs: readonly EpochFigures[];
  readonly evaluations: readonly Evaluation[];
  /** Digests of the files to download, by name; TensorBoard's is in `tensorboard`. */
  readonly artifacts: ReadonlyMap<string, string>;
  readonly tensorboard: readonly TensorBoardRecord[];
  /** As the API lists them. */
  readonly events: readonly RunEvent[];
  /** As a subscriber saw them that was cut off by every kill and went on behind the last it had seen. */
  readonly followed: readonly RunEvent[];
}

export interface MetricPoint {
  readonly step: number;
  /** The shortest decimal that is this double, or the name of what is no finite number. */
  readonly value: string;
}

/** One record of a file of TensorBoard's events. */
export interface TensorBoardRecord {
  readonly step: number;
  /** What it shows, such as "train/loss"; empty for the record that the file begins with. */
  readonly tag: string;
  /** SHA-256 of all of it but the time of writing. */
  readonly sha256: string;
}
