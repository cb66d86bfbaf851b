import { mkdir } from "node:fs/promises";
import { AppError } from "../../core/app-error.js";
import type { RunConfiguration } from "../../core/runs/configuration.js";
import type { RunEnvironment } from "../../core/runs/environment.js";
import { ACCUMULATION_EFFECT, type RunWarning } from "../../core/runs/warnings.js";
import { unknownSettings } from "../../core/settings/recorded-values.js";
import type { ShardReader } from "../../data/shards/tensor-shards.js";
import type { EngineHost } from "../../engine/engine-host.js";
import { networkOfRun } from "../../graph/architectures/network-spec.js";
import { OwnedResources } from "../../lang/owned-resources.js";
import type { InitialVariables } from "../../registry/initial-weights.js";
import { wantedWeights } from "../../registry/weights/wanted-weights.js";
import type { RunRecord } from "../record/run-records.js";
import { environmentOf } from "./environment.js";
import type { RunTrainingOptions } from "./options.js";
import { type PreparationWatch, PreparedRun, type RunPlan } from "./preparation.js";
import { preparePruning, providePruned } from "./pruning.js";
import { prepareTeacher } from "./teacher.js";

const MIB = 1024 ** 2;

/** The parts that all tries of an attempt share: the images, the engine and a plan. Owns what it reads from files. */
export class RunSetup implements AsyncDisposable {
  #environment: RunEnvironment;

  private constructor(
    private readonly options: RunTrainingOptions,
    private readonly run: RunRecord,
    private readonly engine: EngineHost,
    private readonly images: ShardReader,
    private readonly basis: Omit<RunPlan, "microBatchSize">,
    environment: RunEnvironment,
    /** The images, and files of this attempt alone. */
    private readonly owned: OwnedResources,
  ) {
    this.#environment = environment;
  }

  /** @throws AppError that says why the run cannot be trained; the reason of the signal when it aborts */
  static async open(
    options: RunTrainingOptions,
    run: RunRecord,
    runFolder: string,
    { onProgress, signal }: PreparationWatch,
  ): Promise<RunSetup> {
    const { stores, sources } = options;
    const { shards, openEngine, initialWeights } = sources;
    const { configuration, datasetVersionId } = run;
    checkKnown(configuration);
    const [version] = await stores.datasets.findVersions([datasetVersionId]);
    if (version === undefined) {
      throw new AppError(
        "DATASET_VERSION_NOT_FOUND",
        `The dataset version ${datasetVersionId} does not exist any more.`,
      );
    }
    const { classNames } = version;
    const classCount = classNames.length;
    const engine = await openEngine();
    const pruning = await preparePruning(options, run, { classNames, engine }, { onProgress, signal });
    const layerWidths = pruning === null ? run.layerWidths : pruning.layerWidths;
    const environment = await environmentOf(
      engine,
      { configuration, environment: run.environment, layerWidths },
      classCount,
      sources,
      signal,
    );
    await stores.attempts.recordEnvironment({ runId: run.id, attempt: run.attempt }, environment);
    await mkdir(runFolder, { recursive: true });
    const { precision } = environment;
    await using opening = new OwnedResources();
    const network = networkOfRun(configuration, classCount, precision, layerWidths);
    const wanted = wantedWeights(configuration, network, classNames);
    const provide = (): Promise<InitialVariables | null> =>
      pruning === null
        ? initialWeights.provide(configuration.initialization, wanted, engine, {
            onProgress: (bytes, total) => onProgress(Math.floor(bytes / MIB), Math.ceil(total / MIB)),
            signal,
          })
        : providePruned(pruning, wanted, engine, { runFolder, attempt: run.attempt, owner: opening });
    const initialVariables = configuration.pruning?.keepsWeights === false ? null : await provide();
    const report = initialVariables?.report ?? null;
    if (report !== null && run.initialization === null) {
      await stores.attempts.recordInitialization(
        { runId: run.id, attempt: run.attempt },
        report,
        options.clock.now(),
      );
    }
    const context = { classNames, precision, engine, runFolder, owner: opening };
    const teacher = await prepareTeacher(sources, run, context, { onProgress, signal });
    const { imageSizePixels } = configuration;
    const images = opening.own(await shards.open(datasetVersionId, imageSizePixels, onProgress, signal));
    const basis = {
      configuration,
      classCount,
      precision,
      layerWidths,
      eigenKernelGradients: environment.eigenKernelGradients ?? [],
      initialVariables,
      teacher,
      runFolder,
      attempt: run.attempt,
    };
    return new RunSetup(options, run, engine, images, basis, environment, opening.move());
  }

  get plan(): RunPlan {
    return { ...this.basis, microBatchSize: this.#environment.partSize };
  }

  prepare(): Promise<PreparedRun> {
    return PreparedRun.open(this.plan, this.images, this.engine);
  }

  get canHalveMicroBatches(): boolean {
    return this.#environment.partSize > 1;
  }

  /** Halves the size of the micro-batches, now and whenever the run continues. */
  async halveMicroBatches(): Promise<RunWarning> {
    const before = this.#environment.partSize;
    const after = Math.ceil(before / 2);
    this.#environment = { ...this.#environment, partSize: after };
    const { id, attempt, configuration } = this.run;
    await this.options.stores.attempts.recordEnvironment({ runId: id, attempt }, this.#environment);
    return {
      code: "BATCH_HALVED",
      message:
        `A micro-batch of ${before} images did not fit into memory. The run continues from its last checkpoint with ` +
        `micro-batches of ${after}, whose gradients are accumulated over the same batch of ${configuration.batchSize}. ` +
        ACCUMULATION_EFFECT,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.owned[Symbol.asyncDispose]();
  }
}

/** Refuses settings of a later version, which would be ignored here and silently change the training. */
function checkKnown(configuration: RunConfiguration): void {
  const unknown = unknownSettings(configuration);
  if (unknown.length === 0) return;
  throw new AppError(
    "CONFIGURATION_UNREADABLE",
    `The run has settings that this version does not know: ${unknown.join(", ")}. Update the program that trains, then ` +
      "retry the run.",
  );
}
