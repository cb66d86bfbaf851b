import path from "node:path";
import { type AppError, hasCode } from "../../core/app-error.js";
import type { ComputePrecision } from "../../core/enumerations.js";
import type { RunConfiguration } from "../../core/run-configuration.js";
import type { RunWarning } from "../../core/run-warnings.js";
import type { ShardReader } from "../../data/shards/tensor-shards.js";
import { restoreCheckpoint } from "../../engine/checkpoint.js";
import type { EngineHost } from "../../engine/engine-host.js";
import { buildTrainingGraphAside } from "../../engine/graph-thread.js";
import type { Session } from "../../engine/session.js";
import { networkOfRun, trainingOfRun } from "../../graph/architectures/network-spec.js";
import { OwnedResources } from "../../lang/owned-resources.js";
import type { InitialVariables } from "../../registry/initial-weights.js";
import { picturesOf } from "../loop/batch-source.js";
import { EpochLoop, evaluationBatchSize } from "../loop/epoch-loop.js";
import { cacheFeatures, cachesFeatures, featuresOf, removeFeatures } from "../loop/feature-cache.js";
import type { KeptCheckpoint } from "../record/checkpoint-store.js";
import { EPOCH_START, TRAINING_START, type TrainingPosition } from "../record/epoch-position.js";

/** What an attempt trains with, decided before there is a graph. */
export interface RunPlan {
  readonly configuration: RunConfiguration;
  readonly classCount: number;
  readonly precision: ComputePrecision;
  /** Samples of a batch that are computed at once. */
  readonly partSize: number;
  /** Null: the first weights are random. */
  readonly initialVariables: InitialVariables | null;
  /** Of the run: its checkpoints lie in `checkpoints`. */
  readonly runFolder: string;
  /** Which try at the run this is, from 1. */
  readonly attempt: number;
}

/** Where training goes on from. */
export interface PreparedStart {
  readonly position: TrainingPosition;
  /** What the owner of the run should know about it. */
  readonly warnings: readonly RunWarning[];
}

export interface PreparationWatch {
  /** Pictures done, of all, while features are computed. */
  readonly onProgress: (done: number, total: number) => void;
  readonly signal: AbortSignal;
}

/** What an attempt trains with. Owns the session and what it computes once, not the pictures. */
export class PreparedRun implements AsyncDisposable {
  #loop: EpochLoop | null = null;

  private constructor(
    readonly plan: RunPlan,
    readonly session: Session,
    /** Of the pictures themselves, whatever the network is fed with. */
    readonly pictures: ShardReader,
    /** Names of the variables that gradients may change, in the order of the graph's `histograms`. */
    readonly trainableVariables: readonly string[],
    private readonly owned: OwnedResources,
  ) {}

  /** Opens the graph, without weights yet. */
  static async open(plan: RunPlan, pictures: ShardReader, engine: EngineHost): Promise<PreparedRun> {
    const { configuration, classCount, precision, partSize, initialVariables } = plan;
    const { batchSize } = configuration;
    const graph = await buildTrainingGraphAside(
      networkOfRun(configuration, classCount, precision),
      trainingOfRun(configuration, {
        stepsPerEpoch: Math.ceil(pictures.index.positionsOf("TRAIN").length / batchSize),
        cachedFeatures: cachesFeatures(configuration),
        accumulation: partSize < batchSize,
        partSize,
        importedVariables: initialVariables?.variables ?? [],
        customOps: engine.info.customOps,
      }),
    );
    const owned = new OwnedResources();
    const session = owned.own(await engine.openGraph(graph));
    const names = graph.variables.flatMap(({ name, trainable }) => (trainable ? [name] : []));
    return new PreparedRun(plan, session, pictures, names, owned);
  }

  /** Trains and evaluates, once the weights are there. */
  get loop(): EpochLoop {
    if (this.#loop === null) throw new Error("The run has no weights yet.");
    return this.#loop;
  }

  get checkpointsFolder(): string {
    return path.join(this.plan.runFolder, "checkpoints");
  }

  /**
   * Gives the session its weights: those of the newest checkpoint that is whole, or first ones; then
   * computes what frozen blocks give.
   *
   * @param checkpoints newest first
   */
  async initialize(checkpoints: readonly KeptCheckpoint[], watch: PreparationWatch): Promise<PreparedStart> {
    const start = await this.#giveWeights(checkpoints);
    this.#loop = await this.#openLoop(start.position, watch);
    return start;
  }

  /** The session has the weights of that checkpoint then. */
  async restore({ folder, sha256 }: Pick<KeptCheckpoint, "folder" | "sha256">): Promise<void> {
    await restoreCheckpoint(this.session, path.join(this.checkpointsFolder, folder), sha256);
  }

  async #giveWeights(checkpoints: readonly KeptCheckpoint[]): Promise<PreparedStart> {
    const warnings: RunWarning[] = [];
    for (const checkpoint of checkpoints) {
      const { step } = checkpoint;
      try {
        await this.restore(checkpoint);
      } catch (error) {
        if (!isUnusableCheckpoint(error)) throw error;
        warnings.push({
          code: error.code,
          message: `The checkpoint of step ${step} is lost: ${error.message}`,
        });
        continue;
      }
      warnings.push({ code: "RESUMED", message: `Goes on from the checkpoint of ${placeOf(checkpoint)}.` });
      return { position: positionOf(checkpoint), warnings };
    }
    await this.session.run("init", {});
    const { initialVariables } = this.plan;
    if (initialVariables !== null) {
      const prefix = path.join(initialVariables.folder, "variables");
      await this.session.run("import", { prefix: { dtype: "string", shape: [], data: [prefix] } });
    }
    return { position: TRAINING_START, warnings };
  }

  async #openLoop(start: TrainingPosition, { onProgress, signal }: PreparationWatch): Promise<EpochLoop> {
    const { session, pictures, plan } = this;
    const { configuration, partSize, runFolder, attempt } = plan;
    const { imageSizePixels } = configuration;
    if (!cachesFeatures(configuration)) {
      const input = picturesOf(imageSizePixels);
      return new EpochLoop({ session, reader: pictures, input, configuration, partSize, start });
    }
    await removeFeatures(runFolder); // Those of an attempt whose process died.
    this.owned.defer(() => removeFeatures(runFolder, attempt));
    const batchSize = evaluationBatchSize(configuration, partSize, pictures.index.sampleCount);
    const options = { runFolder, attempt, imageSizePixels, batchSize, onProgress, signal };
    const reader = this.owned.own(await cacheFeatures(session, pictures, options));
    return new EpochLoop({ session, reader, input: featuresOf(session), configuration, partSize, start });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.owned[Symbol.asyncDispose]();
  }
}

function positionOf({ epoch, step, position }: KeptCheckpoint): TrainingPosition {
  if (position === null) return { epochs: epoch, step, learningRate: 0, inEpoch: EPOCH_START };
  const { learningRate, ...inEpoch } = position;
  return { epochs: epoch - 1, step, learningRate, inEpoch };
}

function placeOf({ epoch, position }: KeptCheckpoint): string {
  return position === null ? `epoch ${epoch}` : `epoch ${epoch} at step ${position.steps}`;
}

/** Whether the checkpoint itself is unusable, so that an earlier one may help. */
export function isUnusableCheckpoint(
  error: unknown,
): error is AppError<"CHECKPOINT_DAMAGED" | "CHECKPOINT_MISSING"> {
  return hasCode(error, "CHECKPOINT_DAMAGED", "CHECKPOINT_MISSING");
}
