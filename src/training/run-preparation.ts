import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { AppError } from "../core/app-error.js";
import type { RunEnvironment } from "../core/run-events.js";
import type { ShardReader } from "../data/tensor-shards.js";
import { restoreCheckpoint } from "../engine/checkpoint.js";
import type { EngineHost } from "../engine/engine-host.js";
import type { Session } from "../engine/session.js";
import { networkOfRun, trainingOfRun } from "../graph/architectures/network-spec.js";
import { EpochLoop } from "./epoch-loop.js";
import type { KeptCheckpoint, StartingPoint } from "./run-attempt-store.js";
import type { RunRecord } from "./run-records.js";
import { buildTrainingGraphAside } from "./training-graph-thread.js";

/** What an attempt trains with. Owns the session and the reader. */
export class PreparedRun implements AsyncDisposable {
  readonly loop: EpochLoop;

  private constructor(
    readonly session: Session,
    private readonly reader: ShardReader,
    run: RunRecord,
  ) {
    this.loop = new EpochLoop(session, reader, run.configuration);
  }

  /** Opens the graph, without weights yet, and takes the reader over. */
  static async open(
    run: RunRecord,
    classCount: number,
    reader: ShardReader,
    engine: EngineHost,
  ): Promise<PreparedRun> {
    const { configuration } = run;
    const stepsPerEpoch = Math.ceil(reader.positionsOf("TRAIN").length / configuration.batchSize);
    try {
      const precision = configuration.precision === "AUTO" ? "FLOAT32" : configuration.precision;
      const graph = await buildTrainingGraphAside(
        networkOfRun(configuration, classCount, precision),
        trainingOfRun(configuration, { stepsPerEpoch, cachedFeatures: false, accumulation: false, importedVariables: [] }),
      );
      return new PreparedRun(await engine.openGraph(graph), reader, run);
    } catch (error) {
      await reader[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Gives the session its weights: those of the newest checkpoint that is whole, or fresh ones.
   *
   * @param checkpoints newest first
   */
  async initialize(
    checkpoints: readonly KeptCheckpoint[],
    checkpointsFolder: string,
  ): Promise<StartingPoint> {
    const { stepsPerEpoch } = this.loop;
    const warnings: { code: string; message: string }[] = [];
    for (const { epoch, step, folder, sha256 } of checkpoints) {
      try {
        await restoreCheckpoint(this.session, path.join(checkpointsFolder, folder), sha256);
      } catch (error) {
        if (!(error instanceof AppError) || !UNUSABLE.has(error.code)) throw error;
        warnings.push({
          code: error.code,
          message: `The checkpoint of epoch ${epoch} is lost: ${error.message}`,
        });
        continue;
      }
      warnings.push({ code: "RESUMED", message: `Goes on from the checkpoint of epoch ${epoch}.` });
      return { epoch, step, stepsPerEpoch, warnings };
    }
    await this.session.run("init", {});
    return { epoch: 0, step: 0, stepsPerEpoch, warnings };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.session[Symbol.asyncDispose]();
    } finally {
      await this.reader[Symbol.asyncDispose]();
    }
  }
}

const UNUSABLE: ReadonlySet<string> = new Set(["CHECKPOINT_DAMAGED", "CHECKPOINT_MISSING"]);

/** What must be equal for a rerun to give equal bytes. */
export function environmentOf(engine: EngineHost, run: RunRecord, product: string): RunEnvironment {
  const { tensorflowVersion, threads, processor, devices } = engine.info;
  const device = devices.find(({ kind }) => kind === "GPU") ?? devices[0];
  return {
    product,
    tensorflowVersion,
    nodeVersion: process.versions.node,
    processor,
    device: device?.name ?? "CPU",
    threads,
    precision: run.configuration.precision === "AUTO" ? "FLOAT32" : run.configuration.precision,
    precisionMeasurements: [],
  };
}

/** Removes checkpoints that an attempt saved and did not live to name. */
export async function removeUnnamedCheckpoints(
  checkpointsFolder: string,
  named: readonly KeptCheckpoint[],
): Promise<void> {
  const kept = new Set(named.map(({ folder }) => folder));
  const found = await readdir(checkpointsFolder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  await removeCheckpoints(
    checkpointsFolder,
    found.filter((folder) => !kept.has(folder)),
  );
}

export async function removeCheckpoints(
  checkpointsFolder: string,
  folders: readonly string[],
): Promise<void> {
  for (const folder of folders) {
    await rm(path.join(checkpointsFolder, folder), { recursive: true, force: true });
  }
}
