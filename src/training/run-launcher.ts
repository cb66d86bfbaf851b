import { AppError } from "../core/app-error.js";
import type { DatasetVersionRecord } from "../core/dataset-records.js";
import { idempotencyOf } from "../core/idempotency.js";
import type { DatasetStore } from "../data/dataset-store.js";
import { countParameters, networkOfRun } from "../graph/architectures/network-spec.js";
import type { Clock } from "./clock.js";
import { type RunConfigurationInput, resolveConfiguration } from "./configuration-input.js";
import { checkExperimentName } from "./experiment-store.js";
import { checkMemory } from "./memory-check.js";
import type { RunLaunchStore } from "./run-launch-store.js";
import { checkRunName, makeUpRunName } from "./run-name.js";
import type { RunRecord } from "./run-records.js";
import type { RunStateStore } from "./run-state-store.js";
import type { RunStore } from "./run-store.js";

export interface LaunchRun {
  /** Made when new. */
  readonly experiment: string;
  /** "flowers" (its latest ready version) or "flowers:3". */
  readonly dataset: string;
  /** Null: one is made up. */
  readonly name: string | null;
  readonly configuration: RunConfigurationInput;
  readonly idempotencyKey: string | null;
}

export interface RunLauncherOptions {
  readonly launches: RunLaunchStore;
  readonly states: RunStateStore;
  readonly runs: RunStore;
  readonly datasets: DatasetStore;
  /** Memory that training may take on this machine. */
  readonly memoryBytes: number;
  readonly clock: Clock;
}

/** Takes requests to train and to stop training. */
export class RunLauncher {
  constructor(private readonly options: RunLauncherOptions) {}

  /**
   * Checks the configuration against the dataset and queues the run. A request that comes again with
   * its idempotency key gets the run that the first one made.
   *
   * @throws AppError `NAME_INVALID`, `CONFIGURATION_INVALID`, `MEMORY_INSUFFICIENT`,
   *   `DATASET_VERSION_NOT_FOUND`, `DATASET_NOT_READY`, `DATASET_UNFIT`, `IDEMPOTENCY_KEY_INVALID`,
   *   `IDEMPOTENCY_KEY_REUSED`
   */
  async launch(request: LaunchRun): Promise<RunRecord> {
    const { launches, clock, memoryBytes } = this.options;
    const { idempotencyKey, ...input } = request;
    const idempotency = idempotencyOf(idempotencyKey, input);
    const earlier = await launches.findLaunched(idempotency);
    if (earlier !== null) return earlier;

    checkExperimentName(input.experiment, "experiment");
    if (input.name !== null) checkRunName(input.name);
    const configuration = resolveConfiguration(input.configuration);
    const version = await this.#trainableVersion(input.dataset);
    const network = networkOfRun(configuration, version.classNames.length, "FLOAT32");
    checkMemory(network, configuration, memoryBytes);

    const run = await launches.insert(
      {
        experiment: input.experiment,
        name: input.name ?? makeUpRunName(),
        datasetVersionId: version.id,
        configuration,
        parameterCount: countParameters(network),
        idempotency,
      },
      clock.now(),
    );
    if (run !== null) return run;
    const winner = await launches.findLaunched(idempotency);
    if (winner === null) throw new Error("The run that holds the idempotency key has gone.");
    return winner;
  }

  /**
   * Ends a queued run at once. One that is at work stops at its next step, keeps what it learnt, and
   * is CANCELLED then; its events tell when.
   *
   * @throws AppError `RUN_NOT_FOUND`, `RUN_ALREADY_ENDED`
   */
  async cancel(runId: string): Promise<RunRecord> {
    await this.options.states.requestCancel(runId, this.options.clock.now());
    const [run] = await this.options.runs.find([runId]);
    if (run === undefined) throw new Error(`The run ${runId} was deleted while it was cancelled.`);
    return run;
  }

  async #trainableVersion(ref: string): Promise<DatasetVersionRecord> {
    const { datasets } = this.options;
    const refuse = (
      code: "DATASET_VERSION_NOT_FOUND" | "DATASET_NOT_READY" | "DATASET_UNFIT",
      message: string,
    ) => new AppError(code, message, { path: ["dataset"] });

    const version = await datasets.findVersionByRef(ref);
    if (version === null) {
      throw refuse(
        "DATASET_VERSION_NOT_FOUND",
        `A dataset is named like "flowers" (its latest ready version) or "flowers:3". There is no ready version ` +
          `for ${JSON.stringify(ref)}.`,
      );
    }
    const name = `${version.datasetName}:${version.number}`;
    if (version.status !== "READY") {
      throw refuse(
        "DATASET_NOT_READY",
        `A run needs a dataset version that is READY. ${name} is ${version.status}.`,
      );
    }
    if (version.classNames.length < 2) {
      throw refuse(
        "DATASET_UNFIT",
        `A classifier needs two classes or more. ${name} has ${version.classNames.length}.`,
      );
    }
    const counts = await datasets.splitCounts(version.id);
    for (const split of ["TRAIN", "VALIDATION"] as const) {
      if ((counts.find((count) => count.split === split)?.sampleCount ?? 0) > 0) continue;
      throw refuse(
        "DATASET_UNFIT",
        `A run needs pictures to train and to validate with. The split ${split} of ${name} is empty: import it ` +
          "again with other fractions or more pictures.",
      );
    }
    return version;
  }
}
