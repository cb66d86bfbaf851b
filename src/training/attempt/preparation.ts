import path from "node:path";
import { type AppError, hasCode } from "../../core/app-error.js";
import type { ComputePrecision } from "../../core/enumerations.js";
import type { RunConfiguration } from "../../core/runs/configuration.js";
import type { LayerWidths } from "../../core/runs/layer-widths.js";
import type { RunWarning } from "../../core/runs/warnings.js";
import type { ShardReader } from "../../data/shards/tensor-shards.js";
import { restoreCheckpoint } from "../../engine/checkpoints/checkpoint.js";
import type { EngineHost } from "../../engine/engine-host.js";
import { buildTrainingGraphAside } from "../../engine/graph-thread.js";
import type { Session } from "../../engine/session.js";
import { networkOfRun, type TeacherSpec, trainingOfRun } from "../../graph/architectures/network-spec.js";
import { OwnedResources } from "../../lang/owned-resources.js";
import type { InitialVariables } from "../../registry/initial-weights.js";
import { imagesOf, type SampleInput } from "../loop/batch-source.js";
import { EpochLoop } from "../loop/epoch-loop.js";
import { evaluationBatchSize } from "../loop/evaluation-batch-size.js";
import { cacheFeatures, cachesFeatures, featuresOf } from "../loop/feature-cache.js";
import { removeCache, removeCaches } from "../loop/output-cache.js";
import { type PreparedTeacher, teacherLogitsOf } from "../loop/teacher-logits.js";
import type { KeptCheckpoint } from "../record/checkpoint-store.js";
import { EPOCH_START, TRAINING_START, type TrainingPosition } from "../record/epoch-position.js";

/** The plan of an attempt, decided before a graph is built. */
export interface RunPlan {
  readonly configuration: RunConfiguration;
  readonly classCount: number;
  readonly precision: ComputePrecision;
  /** Widths of a pruned network; null: those of the architecture. */
  readonly layerWidths: LayerWidths | null;
  /** Convolutions whose kernel gradients Eigen computes; see `convolutionName`. */
  readonly eigenKernelGradients: readonly string[];
  /** Samples that are computed at the same time: those of a batch, or fewer. */
  readonly microBatchSize: number;
  /** Null: the initial weights are random. */
  readonly initialVariables: InitialVariables | null;
  /** Null: the run learns from the labels alone. The setup owns its logits. */
  readonly teacher: PreparedTeacher | null;
  /** Folder of the run, with its checkpoints in `checkpoints`. */
  readonly runFolder: string;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
}

/** The position from which training continues. */
export interface PreparedStart {
  readonly position: TrainingPosition;
  /** Warnings for the owner of the run. */
  readonly warnings: readonly RunWarning[];
}

export interface PreparationWatch {
  /** Called with the number of finished images and of all images while features are computed. */
  readonly onProgress: (done: number, total: number) => void;
  readonly signal: AbortSignal;
}

/** The session of an attempt and its cached features, which it owns, and the images, which it does not. */
export class PreparedRun implements AsyncDisposable {
  #loop: EpochLoop | null = null;

  private constructor(
    readonly plan: RunPlan,
    readonly session: Session,
    /** Reads the images, also for a network that is trained on cached features. */
    readonly images: ShardReader,
    /** Names of the trainable variables, in the order of the signature `histograms`. */
    readonly trainableVariables: readonly string[],
    private readonly owned: OwnedResources,
  ) {}

  /** Opens the graph. It has no weights yet. */
  static async open(plan: RunPlan, images: ShardReader, engine: EngineHost): Promise<PreparedRun> {
    const { configuration, classCount, precision, layerWidths, microBatchSize, initialVariables } = plan;
    const { batchSize } = configuration;
    const graph = await buildTrainingGraphAside(
      networkOfRun(configuration, classCount, precision, layerWidths),
      trainingOfRun(configuration, {
        stepsPerEpoch: Math.ceil(images.index.positionsOf("TRAIN").length / batchSize),
        cachedFeatures: cachesFeatures(configuration),
        accumulation: microBatchSize < batchSize,
        microBatchSize,
        importedVariables: initialVariables?.variables ?? [],
        importedClasses: initialVariables?.classes ?? null,
        teacher: plan.teacher === null ? null : specOf(plan.teacher),
        customOps: engine.info.customOps,
        eigenKernelGradients: plan.eigenKernelGradients,
      }),
    );
    const owned = new OwnedResources();
    const session = owned.own(await engine.openGraph(graph));
    const names = graph.variables.flatMap(({ name, trainable }) => (trainable ? [name] : []));
    return new PreparedRun(plan, session, images, names, owned);
  }

  /** The loop that trains and evaluates. It exists once the session has weights. */
  get loop(): EpochLoop {
    if (this.#loop === null) throw new Error("The session has no weights yet.");
    return this.#loop;
  }

  get checkpointsFolder(): string {
    return path.join(this.plan.runFolder, "checkpoints");
  }

  /**
   * Gives the session its weights: those of the newest complete checkpoint, or initial ones. Then computes the features of
   * the frozen blocks, if they are cached.
   *
   * @param checkpoints newest first
   */
  async initialize(checkpoints: readonly KeptCheckpoint[], watch: PreparationWatch): Promise<PreparedStart> {
    const start = await this.#giveWeights(checkpoints);
    const { teacher } = this.plan;
    if (teacher !== null && teacher.logits === null)
      await readWeights(this.session, "teacher", teacher.folder);
    this.#loop = await this.#openLoop(start.position, watch);
    return start;
  }

  /** Restores the weights of a checkpoint into the session. */
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
          message: `The checkpoint of step ${step} is unusable: ${error.message}`,
        });
        continue;
      }
      warnings.push({ code: "RESUMED", message: `Continues from the checkpoint of ${placeOf(checkpoint)}.` });
      return { position: positionOf(checkpoint), warnings };
    }
    await this.session.run("init", {});
    const { initialVariables } = this.plan;
    if (initialVariables !== null) await readWeights(this.session, "import", initialVariables.folder);
    return { position: TRAINING_START, warnings };
  }

  async #openLoop(start: TrainingPosition, { onProgress, signal }: PreparationWatch): Promise<EpochLoop> {
    const { session, images, plan } = this;
    const { configuration, microBatchSize, runFolder, attempt } = plan;
    const { imageSizePixels } = configuration;
    const open = (reader: ShardReader, input: SampleInput): EpochLoop => {
      const logits = plan.teacher?.logits ?? null;
      const others = logits === null ? [] : [{ reader: logits, input: teacherLogitsOf(logits) }];
      const packed = [{ reader, input }, ...others] as const;
      return new EpochLoop({ session, packed, configuration, microBatchSize, start });
    };
    if (!cachesFeatures(configuration)) return open(images, imagesOf(imageSizePixels));
    const file = { runFolder, kind: "features", attempt } as const;
    await removeCaches(runFolder, ["features"]); // Removes those of an attempt whose process died.
    this.owned.defer(() => removeCache(file));
    const batchSize = evaluationBatchSize(configuration, microBatchSize, images.index.sampleCount);
    const options = { file, imageSizePixels, batchSize, onProgress, signal };
    const reader = this.owned.own(await cacheFeatures(session, images, options));
    return open(reader, featuresOf(session));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.owned[Symbol.asyncDispose]();
  }
}

/** Lets a signature read weights from a checkpoint, whose folder holds `variables.index`. */
async function readWeights(session: Session, signature: "import" | "teacher", folder: string): Promise<void> {
  const prefix = path.join(folder, "variables");
  await session.run(signature, { prefix: { dtype: "string", shape: [], data: [prefix] } });
}

function specOf({ network, classPositions, logits }: PreparedTeacher): TeacherSpec {
  return { network, classPositions, cachedLogits: logits !== null };
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
