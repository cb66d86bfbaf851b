import type { TensorShards } from "../../data/shards/tensor-shards.js";
import type { DatasetStore } from "../../data/versions/dataset-store.js";
import type { EngineHost } from "../../engine/engine-host.js";
import type { Clock } from "../../lang/clock.js";
import type { InitialWeights } from "../../registry/initial-weights.js";
import type { Log } from "../../telemetry/log.js";
import type { RunInterruptionStore } from "../lifecycle/interruption-store.js";
import type { Lease, RunQueueStore } from "../lifecycle/queue-store.js";
import type { RunStore } from "../record/run-store.js";
import type { RunAttemptStore } from "./attempt-store.js";
import type { OutputTargets } from "./outputs.js";
import type { PrecisionChooser } from "./precision-chooser.js";

export interface TrainingStores {
  readonly queue: RunQueueStore;
  readonly interruptions: RunInterruptionStore;
  readonly attempts: RunAttemptStore;
  readonly runs: RunStore;
  readonly datasets: DatasetStore;
}

export interface RunTrainingOptions {
  readonly stores: TrainingStores;
  readonly shards: TensorShards;
  readonly initialWeights: Pick<InitialWeights, "provide">;
  readonly precisions: PrecisionChooser;
  readonly outputs: OutputTargets;
  readonly openEngine: () => Promise<EngineHost>;
  /** What this worker takes runs with. */
  readonly lease: Lease;
  /** Of all runs; a run's checkpoints lie in `<run id>/checkpoints`. */
  readonly runsFolder: string;
  /** Name and version, such as "espalier 0.1.0". */
  readonly product: string;
  readonly log: Log;
  readonly clock: Clock;
}
