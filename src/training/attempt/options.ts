import type { TensorShards } from "../../data/shards/tensor-shards.js";
import type { DatasetStore } from "../../data/versions/dataset-store.js";
import type { EngineHost } from "../../engine/engine-host.js";
import type { Clock } from "../../lang/clock.js";
import type { InitialWeights } from "../../registry/initial-weights.js";
import type { PrunedNetworks } from "../../registry/pruning/pruned-networks.js";
import type { Teachers } from "../../registry/teachers.js";
import type { Log } from "../../telemetry/log.js";
import type { RunInterruptionStore } from "../lifecycle/interruption-store.js";
import type { Lease, RunQueueStore } from "../lifecycle/queue-store.js";
import type { RunStore } from "../record/run-store.js";
import type { RunAttemptStore } from "./attempt-store.js";
import type { KernelGradientChooser } from "./kernel-gradient-chooser.js";
import type { OutputTargets } from "./outputs.js";
import type { PrecisionChooser } from "./precision-chooser.js";

export interface TrainingStores {
  readonly queue: RunQueueStore;
  readonly interruptions: RunInterruptionStore;
  readonly attempts: RunAttemptStore;
  readonly runs: RunStore;
  readonly datasets: DatasetStore;
}

/** Provides what an attempt trains with: samples, initial weights, teachers, an engine and what was measured on the machine. */
export interface TrainingSources {
  readonly shards: TensorShards;
  readonly initialWeights: Pick<InitialWeights, "provide">;
  readonly teachers: Pick<Teachers, "find">;
  readonly prunedNetworks: Pick<PrunedNetworks, "open">;
  readonly precisions: PrecisionChooser;
  readonly kernelGradients: KernelGradientChooser;
  readonly openEngine: () => Promise<EngineHost>;
  /** Name and version for the environment of a run, such as "espalier 0.1.0". */
  readonly product: string;
}

export interface RunTrainingOptions {
  readonly stores: TrainingStores;
  readonly sources: TrainingSources;
  readonly outputs: OutputTargets;
  /** The lease with which this worker takes runs. */
  readonly lease: Lease;
  readonly log: Log;
  readonly clock: Clock;
}
