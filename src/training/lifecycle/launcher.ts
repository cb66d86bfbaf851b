import { AppError } from "../../core/app-error.js";
import type { ClassCountRecord, DatasetVersionRecord } from "../../core/dataset-records.js";
import type { Precision } from "../../core/enumerations.js";
import { idempotencyOf } from "../../core/idempotency.js";
import type { Distillation, RunConfiguration, RunConfigurationInput } from "../../core/runs/configuration.js";
import { accepts, describeAccepted } from "../../core/settings/check.js";
import { normalForm } from "../../core/settings/normal-form.js";
import { PRIORITY } from "../../core/settings/run-limits.js";
import { RUN_SETTINGS } from "../../core/settings/run-settings.js";
import type { DatasetStore } from "../../data/versions/dataset-store.js";
import { datasetVersionNotFound } from "../../data/versions/dataset-version-not-found.js";
import { countParameters, networkOfRun } from "../../graph/architectures/network-spec.js";
import { ARCHITECTURES } from "../../graph/architectures/registry.js";
import type { Clock } from "../../lang/clock.js";
import type { InitialWeights, ResolvedInitialization } from "../../registry/initial-weights.js";
import type { PrunedNetworks } from "../../registry/pruning/pruned-networks.js";
import type { Teacher, Teachers } from "../../registry/teachers.js";
import { wantedWeights } from "../../registry/weights/wanted-weights.js";
import { checkMonitor } from "../configuration/check-monitor.js";
import { resolveConfiguration } from "../configuration/resolution.js";
import { resolveClassWeights } from "../configuration/resolve-class-weights.js";
import type { TrainingData } from "../configuration/setting-check.js";
import { settingWarnings } from "../configuration/setting-warnings.js";
import { checkExperimentName } from "../record/experiment-store.js";
import type { RunRecord } from "../record/run-records.js";
import type { RunLaunchStore } from "./launch-store.js";
import { checkMemory } from "./memory-check.js";
import { checkRunName, makeUpRunName } from "./name.js";

export interface LaunchRun {
  /** Created when it is new. */
  readonly experiment: string;
  /** "flowers" (its latest ready version) or "flowers:3". */
  readonly dataset: string;
  /** Null: a name is generated. */
  readonly name: string | null;
  readonly configuration: RunConfigurationInput;
  /** See `PRIORITY`. */
  readonly priority: number;
  readonly idempotencyKey: string | null;
}

export interface RunLauncherOptions {
  readonly launches: RunLaunchStore;
  readonly datasets: DatasetStore;
  readonly initialWeights: Pick<InitialWeights, "resolve">;
  readonly prunedNetworks: Pick<PrunedNetworks, "resolve">;
  readonly teachers: Pick<Teachers, "find">;
  /** Whether this machine computes on a GPU; float16 is slow elsewhere. */
  readonly hasGpu: boolean;
  /** Memory that training may take on this machine. */
  readonly memoryBytes: number;
  readonly clock: Clock;
}

/** Launches runs. */
export class RunLauncher {
  constructor(private readonly options: RunLauncherOptions) {}

  /**
   * Checks the configuration against the dataset and queues the run, with warnings about senseless settings. A repeated request with
   * the same idempotency key returns the run of the first one.
   *
   * @throws AppError `NAME_INVALID`, `PRIORITY_INVALID`, `CONFIGURATION_INVALID`, `PRECISION_UNSUPPORTED`,
   *   `MEMORY_INSUFFICIENT`, `DATASET_VERSION_NOT_FOUND`, `DATASET_NOT_READY`, `DATASET_UNFIT`,
   *   `IDEMPOTENCY_KEY_INVALID`, `IDEMPOTENCY_KEY_REUSED`, and what `InitialWeights.resolve`,
   *   `PrunedNetworks.resolve` and `Teachers.find` throw
   */
  async launch(request: LaunchRun): Promise<RunRecord> {
    const { launches, clock, memoryBytes } = this.options;
    const { idempotencyKey, ...input } = request;
    const { defaults } =
      ARCHITECTURES[input.configuration.architecture ?? RUN_SETTINGS.settings.architecture.default];
    const idempotency = idempotencyOf(idempotencyKey, {
      ...input,
      configuration: normalForm(RUN_SETTINGS, input.configuration, defaults),
    });
    const earlier = await launches.findLaunched(idempotency);
    if (earlier !== null) return earlier;

    checkExperimentName(input.experiment, "experiment");
    if (input.name !== null) checkRunName(input.name);
    checkPriority(input.priority);
    const resolved = resolveConfiguration(input.configuration);
    this.#checkPrecision(resolved.precision);
    const { version, classes } = await this.#trainableVersion(input.dataset);
    checkMonitor(resolved.monitor, classes.length);
    const classWeights = resolveClassWeights(
      input.configuration.classWeights,
      classes.map(({ train }) => train),
    );
    const initial = await this.#resolveWeights(input.configuration, resolved, version.classNames);
    const { initialization, pruning, report, layerWidths } = initial;
    // The shapes of weights do not depend on the precision.
    const network = networkOfRun(resolved, version.classNames.length, "FLOAT32", layerWidths);
    const teacher = await this.#teacherOf(resolved.distillation, version.classNames);
    // Pruning decides the size of a network when the run is prepared.
    if (pruning === null) checkMemory(network, resolved, memoryBytes, teacher?.network ?? null);
    const distillation = withTeacher(resolved.distillation, teacher);
    const configuration = { ...resolved, classWeights, initialization, pruning, distillation };

    const data = await this.#dataOf(version, classes);
    const warnings = [...initial.warnings, ...settingWarnings(configuration, data)];

    const run = await launches.insert(
      {
        experiment: input.experiment,
        name: input.name ?? makeUpRunName(),
        datasetVersionId: version.id,
        configuration,
        parameterCount: countParameters(network),
        priority: input.priority,
        idempotency,
        initialization: report,
        layerWidths,
        warnings,
      },
      clock.now(),
    );
    if (run !== null) return run;
    // Another call with the same key was faster: returns its run, unless that was already deleted.
    return this.launch(request);
  }

  async #resolveWeights(
    { initialization, pruning }: RunConfigurationInput,
    resolved: RunConfiguration,
    classNames: readonly string[],
  ): Promise<ResolvedInitialization & Pick<RunConfiguration, "pruning">> {
    const { initialWeights, prunedNetworks } = this.options;
    const wanted = wantedWeights(resolved, networkOfRun(resolved, classNames.length, "FLOAT32"), classNames);
    if (resolved.pruning === null) {
      return { ...(await initialWeights.resolve(initialization ?? null, wanted)), pruning: null };
    }
    if (initialization != null) {
      throw new AppError(
        "CONFIGURATION_INVALID",
        `A run that prunes starts from the weights of the version that it prunes, ${JSON.stringify(pruning?.from)}. ` +
          "Leave out pruning or initialization.",
        { path: ["configuration", "initialization"] },
      );
    }
    const pruned = await prunedNetworks.resolve(resolved.pruning, wanted);
    return { initialization: resolved.initialization, layerWidths: null, ...pruned };
  }

  async #dataOf(
    { id, classNames }: DatasetVersionRecord,
    classes: readonly ClassCountRecord[],
  ): Promise<TrainingData> {
    return {
      classCount: classNames.length,
      trainingImages: classes.reduce((sum, { train }) => sum + train, 0),
      validationImages: classes.reduce((sum, { validation }) => sum + validation, 0),
      longestSidePixels: await this.options.datasets.longestSidePixels(id),
    };
  }

  async #teacherOf(
    distillation: Distillation | null,
    classNames: readonly string[],
  ): Promise<Teacher | null> {
    if (distillation === null) return null;
    const path = ["configuration", "distillation", "teacher"];
    return this.options.teachers.find(distillation.teacher, classNames, path);
  }

  #checkPrecision(precision: Precision): void {
    if (precision !== "MIXED_FLOAT16" || this.options.hasGpu) return;
    throw new AppError(
      "PRECISION_UNSUPPORTED",
      "MIXED_FLOAT16 needs a GPU, and this machine trains on its processor. Use AUTO, MIXED_BFLOAT16 or FLOAT32.",
      { path: ["configuration", "precision"] },
    );
  }

  async #trainableVersion(
    ref: string,
  ): Promise<{ readonly version: DatasetVersionRecord; readonly classes: readonly ClassCountRecord[] }> {
    const { datasets } = this.options;
    const refuse = (code: "DATASET_NOT_READY" | "DATASET_UNFIT", message: string) =>
      new AppError(code, message, { path: ["dataset"] });

    const version = await datasets.findVersionByRef(ref);
    if (version === null) throw await datasetVersionNotFound(datasets, ref, ["dataset"]);
    const name = `${version.datasetName}:${version.number}`;
    if (version.status !== "READY") {
      throw refuse(
        "DATASET_NOT_READY",
        `A run needs a dataset version that is READY. ${name} is ${version.status}. ` +
          (version.status === "IMPORTING"
            ? "Launch the run when its import has ended."
            : "Correct what its `failure` says, and import the data again."),
      );
    }
    if (version.classNames.length < 2) {
      throw refuse(
        "DATASET_UNFIT",
        `A classifier needs two classes or more. ${name} has ${version.classNames.length}.`,
      );
    }
    const classes = await datasets.classCounts(version.id);
    for (const [split, samples] of [
      ["TRAIN", classes.map(({ train }) => train)],
      ["VALIDATION", classes.map(({ validation }) => validation)],
    ] as const) {
      if (samples.some((count) => count > 0)) continue;
      throw refuse(
        "DATASET_UNFIT",
        `A run needs images for training and validation. The split ${split} of ${name} is empty: import it ` +
          "again with other fractions or more images.",
      );
    }
    return { version, classes };
  }
}

/** Records the version itself, so that a moved alias does not change the run. */
function withTeacher(distillation: Distillation | null, teacher: Teacher | null): Distillation | null {
  return distillation === null || teacher === null ? null : { ...distillation, teacher: teacher.ref };
}

function checkPriority(priority: number): void {
  if (accepts(PRIORITY, priority)) return;
  throw new AppError(
    "PRIORITY_INVALID",
    `A priority must be ${describeAccepted(PRIORITY)}. Received ${priority}.`,
    { path: ["priority"] },
  );
}
