import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { RunConfiguration } from "../../src/core/runs/configuration.js";
import type { Database } from "../../src/db/database.js";
import { saveCheckpoint } from "../../src/engine/checkpoints/checkpoint.js";
import type { EngineHost } from "../../src/engine/engine-host.js";
import type { TensorValue } from "../../src/engine/engine-protocol.js";
import { networkOfRun, trainingOfRun } from "../../src/graph/architectures/network-spec.js";
import { buildTrainingGraph } from "../../src/graph/architectures/training-graph.js";
import { OwnedResources } from "../../src/lang/owned-resources.js";
import { ModelRegistry } from "../../src/registry/model-registry.js";
import { ModelStore } from "../../src/registry/model-store.js";
import { TrainedRunStore } from "../../src/registry/trained-run-store.js";
import { startTestEngine } from "./engine.js";
import { createTestDatabase, testLog } from "./postgres/database.js";
import { insertCheckpoint, insertTrainedRun, TINY_CONFIGURATION } from "./trained-run.js";

/** A registry over a real database and the real engine, in a folder of its own. */
export interface RegistryWorld extends AsyncDisposable {
  readonly homeFolder: string;
  readonly database: Database;
  readonly host: EngineHost;
  readonly models: ModelStore;
  readonly registry: ModelRegistry;
}

export async function createRegistryWorld(): Promise<RegistryWorld> {
  await using stack = new OwnedResources();
  const homeFolder = await mkdtemp(path.join(tmpdir(), "espalier-registry-"));
  stack.defer(() => rm(homeFolder, { recursive: true, force: true }));
  const { database } = stack.own(await createTestDatabase());
  const host = stack.own(await startTestEngine());
  const models = new ModelStore(database);
  const runs = new TrainedRunStore(database);
  const registry = new ModelRegistry({ models, runs, host, homeFolder, log: testLog });
  const owned = stack.move();
  return {
    homeFolder,
    database,
    host,
    models,
    registry,
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

export interface TrainedRun {
  readonly runId: string;
  readonly classNames: readonly string[];
  readonly checkpointFolder: string;
  readonly checkpointBytes: number;
  /** The output of the network for `images`, before its session was closed. */
  readonly probabilities: Float32Array;
}

/** Trains a tiny network for two steps and saves it as the run's best checkpoint. */
export async function trainTinyRun(
  world: RegistryWorld,
  images: TensorValue,
  configuration: RunConfiguration = TINY_CONFIGURATION,
): Promise<TrainedRun> {
  const { runId, classNames } = await insertTrainedRun(world.database, undefined, configuration);
  await using session = await world.host.openGraph(
    buildTrainingGraph(
      networkOfRun(configuration, classNames.length, "FLOAT32"),
      trainingOfRun(configuration, {
        stepsPerEpoch: 2,
        cachedFeatures: false,
        accumulation: false,
        microBatchSize: 8,
        importedVariables: [],
        importedClasses: null,
        teacher: null,
        customOps: [],
        eigenKernelGradients: [],
      }),
    ),
  );
  await session.run("init", {});
  for (const seed of [1, 2]) {
    const images = noiseImages(4, configuration.imageSizePixels, seed);
    const labels: TensorValue = { dtype: "int32", shape: [4], data: Int32Array.of(0, 1, 2, 0) };
    await session.run("train_step", { images, labels });
  }
  const checkpointFolder = path.join(world.homeFolder, "runs", runId, "checkpoints", "epoch-1");
  const { sizeBytes, sha256 } = await saveCheckpoint(session, checkpointFolder);
  await insertCheckpoint(world.database, { runId, epoch: 1, best: true, sha256, sizeBytes });
  const copied = { ...images, data: (images.data as Uint8Array).slice() };
  const { probabilities } = await session.run("predict", { images: copied });
  const data = probabilities?.data as Float32Array;
  return { runId, classNames, checkpointFolder, checkpointBytes: sizeBytes, probabilities: data };
}

/** Images of noise, the same for the same seed. */
export function noiseImages(count: number, sizePixels: number, seed: number): TensorValue {
  let state = seed;
  const data = Uint8Array.from({ length: count * sizePixels * sizePixels * 3 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
  return { dtype: "uint8", shape: [count, sizePixels, sizePixels, 3], data };
}
