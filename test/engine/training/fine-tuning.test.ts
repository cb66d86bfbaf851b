import assert from "node:assert/strict";
import { readdir, stat, truncate } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import type { RunConfigurationInput } from "../../../src/core/runs/configuration.js";
import type { RunEvent } from "../../../src/core/runs/events.js";
import { UploadStore } from "../../../src/data/imports/upload-store.js";
import { Uploads } from "../../../src/data/imports/uploads.js";
import type { EngineHost } from "../../../src/engine/engine-host.js";
import { shapedLayersOf } from "../../../src/graph/architectures/layer-table.js";
import { networkOfRun } from "../../../src/graph/architectures/network-spec.js";
import type { PretrainedTable } from "../../../src/graph/architectures/pretrained-files.js";
import { isFrozen } from "../../../src/graph/layers/layer-graph.js";
import { InitialWeights } from "../../../src/registry/initial-weights.js";
import { ModelRegistry } from "../../../src/registry/model-registry.js";
import { ModelStore } from "../../../src/registry/model-store.js";
import { TrainedRunStore } from "../../../src/registry/trained-run-store.js";
import { ImportedWeights } from "../../../src/registry/weights/imported-weights.js";
import { PretrainedStore } from "../../../src/registry/weights/pretrained/pretrained-store.js";
import { resolveConfiguration } from "../../../src/training/configuration/resolution.js";
import { MAX_FRUITLESS_ATTEMPTS } from "../../../src/training/lifecycle/interruption-store.js";
import { cachesFeatures } from "../../../src/training/loop/feature-cache.js";
import type { RunRecord } from "../../../src/training/record/run-records.js";
import { readCheckpoint } from "../../golden/networks/checkpoint-tensors.js";
import { trainingOver } from "../../postgres/training/training-stores.js";
import { startTestEngine } from "../../testkit/engine.js";
import { stateDictOf, torchFile } from "../../testkit/files/torch-files.js";
import { testLog } from "../../testkit/postgres/database.js";
import { rawSql } from "../../testkit/postgres/raw-sql.js";
import { PretrainedServer, refuse } from "../../testkit/pretrained-server.js";
import { noiseImages, trainTinyRun } from "../../testkit/registry-world.js";
import { blobsOf } from "./drawn-images.js";
import {
  checkpointFolders,
  epochDone,
  finalDigest,
  follow,
  openTrainingWorld,
  runNow,
  startTrainer,
  TINY,
  type TrainingWorld,
} from "./training-world.js";

const FROZEN: RunConfigurationInput = { ...TINY, batchNormalization: true, frozenBlocks: 3 };
/** Changes no pixel, but a run with any augmentation never uses cached features. */
const NOT_CACHED = { brightness: 1e-9 };

/** Trains a run to its end. */
async function train(world: TrainingWorld, configuration: RunConfigurationInput): Promise<string> {
  const { id } = await world.launchTiny(configuration);
  await followToTheEnd(world, id);
  assert.equal((await runNow(world, id)).state, "SUCCEEDED");
  return id;
}

/** The end of a run is reported before its temporary files are removed; disposing the trainer waits for that. */
async function followToTheEnd(world: TrainingWorld, id: string): Promise<RunEvent[]> {
  await using _trainer = await world.startTrainer();
  return await follow(world, id);
}

function featuresFile(world: TrainingWorld, id: string): string {
  return path.join(world.homeFolder, "runs", id, "features-1.bin");
}

const RESNET: RunConfigurationInput = { architecture: "RESNET18", head: { dropout: 0.2 } };

for (const [description, change] of [
  ["FLOAT32", { precision: "FLOAT32" }],
  ["FLOAT32, with a last batch that is smaller", { precision: "FLOAT32", batchSize: 12 }],
  ["MIXED_BFLOAT16", { precision: "MIXED_BFLOAT16", accumulationSteps: 3 }],
  ["a ResNet in FLOAT32, with a last batch that is smaller", { ...RESNET, batchSize: 12 }],
] as const satisfies readonly (readonly [string, RunConfigurationInput])[]) {
  test(`training on cached features gives the same bytes as training on images (${description})`, async () => {
    await using world = await openTrainingWorld();
    const configuration: RunConfigurationInput = { ...FROZEN, ...change };
    const cached = await train(world, configuration);
    const uncached = await train(world, { ...configuration, augmentation: NOT_CACHED });
    for (const id of [cached, uncached]) {
      assert.equal(cachesFeatures((await runNow(world, id)).configuration), id === cached);
    }
    assert.equal(await finalDigest(world, cached), await finalDigest(world, uncached));
    const [a, b] = [await world.evaluations.ofRuns([cached]), await world.evaluations.ofRuns([uncached])];
    assert.deepEqual(
      a.map(({ split, loss, top1 }) => [split, loss, top1]),
      b.map(({ split, loss, top1 }) => [split, loss, top1]),
    );
    assert.ok(
      !(await readdir(path.join(world.homeFolder, "runs", cached))).some((name) =>
        name.startsWith("features"),
      ),
    );
  });
}

test("a run on cached features computes them again after its process was killed, and removes them at its end", async () => {
  await using world = await openTrainingWorld();
  const expected = await train(world, { ...FROZEN, epochs: 8 });
  const { id } = await world.launchTiny({ ...FROZEN, epochs: 8 });
  {
    await using _child = world.startTrainerInChild();
    await follow(world, id, epochDone(2));
  }
  // As if the process had been killed while it wrote them.
  await truncate(featuresFile(world, id), 100);
  const events = await followToTheEnd(world, id);
  assert.equal((await runNow(world, id)).attempt, 2);
  assert.equal(await finalDigest(world, id), await finalDigest(world, expected));
  await assert.rejects(stat(featuresFile(world, id)), { code: "ENOENT" });
  const warnings = events.flatMap((event) => (event.kind === "RunWarning" ? [event.code] : []));
  // The frozen stages of this run have random weights.
  assert.deepEqual(warnings, ["SETTING_SENSELESS", "RESUMED"]);
});

test("a run starts from a model with other classes: frozen layers stay unchanged, the others learn", async () => {
  await using world = await openTrainingWorld();
  await using host = await startTestEngine();
  const { registry, models, initialWeights } = weightsOf(world, host);
  // The model has three classes, the drawn images have two.
  const source = await trainTinyRun({ ...world, host, registry, models }, noiseImages(1, 32, 1));
  const version = await registry.register({
    model: "tiny",
    runId: source.runId,
    description: null,
    idempotencyKey: null,
  });

  const training = trainingOver(world.database, initialWeights);
  const configuration: RunConfigurationInput = {
    ...FROZEN,
    head: { kind: "GLOBAL_AVERAGE_POOLING", units: 16, dropout: 0 },
    initialization: { modelVersion: "tiny:1" },
  };
  const run = await training.launch({ dataset: "drawn", configuration });
  assert.deepEqual(run.configuration.initialization, { kind: "modelVersion", modelVersionId: version.id });
  {
    await using _trainer = await startTrainer(world.database, world.homeFolder, { initialWeights });
    await follow(world, run.id, epochDone(2));
  }
  {
    await using _trainer = await startTrainer(world.database, world.homeFolder, { initialWeights });
    await follow(world, run.id);
  }
  assert.equal((await runNow(world, run.id)).state, "SUCCEEDED");

  const shared = shapedLayersOf(networkOfRun(run.configuration, 2, "FLOAT32"))
    .filter(({ layer }) => layer.name !== "predictions")
    .flatMap(({ stage, variables }) =>
      variables.map((variable) => ({ ...variable, stage, dtype: "float32" as const })),
    );
  const [folder = ""] = await checkpointFolders(world, run.id);
  const [before, after] = [
    await readCheckpoint(host, source.checkpointFolder, shared),
    await readCheckpoint(host, folder, shared),
  ];
  for (const { name, stage } of shared) {
    const frozen = isFrozen(stage, 3);
    const same = Buffer.from(before.get(name)!.buffer).equals(Buffer.from(after.get(name)!.buffer));
    assert.equal(same, frozen, `${name} ${frozen ? "is frozen" : "learns"}`);
  }

  // An uninterrupted run ends with the same bytes: the resumed run did not load the weights of the model again.
  const whole = await training.launch({ dataset: "drawn", configuration });
  await using _trainer = await startTrainer(world.database, world.homeFolder, { initialWeights });
  await follow(world, whole.id);
  assert.equal(await finalDigest(world, run.id), await finalDigest(world, whole.id));
});

test("the classes of the last layer are found by name; the launch reports what is copied, as a field and an event", async () => {
  await using world = await openTrainingWorld();
  await using host = await startTestEngine();
  const { registry, models, initialWeights } = weightsOf(world, host);
  // The model has the classes daisy, rose and tulip.
  const { runId } = await trainTinyRun({ ...world, host, registry, models }, noiseImages(1, 32, 1));
  await registry.register({ model: "tiny", runId, description: null, idempotencyKey: null });
  await rawSql(
    world.database,
    `update dataset_version set class_names = '{aster,rose}' where status = 'READY'
    and dataset_id = (select id from dataset where name = 'drawn')`,
  );
  const configuration: RunConfigurationInput = {
    ...TINY,
    batchNormalization: true,
    head: { kind: "GLOBAL_AVERAGE_POOLING", units: 16, dropout: 0 },
    initialization: { modelVersion: "tiny:1" },
  };
  const run = await trainingOver(world.database, initialWeights).launch({ dataset: "drawn", configuration });
  assert.deepEqual(run.initialization?.classes, {
    copied: ["rose"],
    copiedCount: 1,
    fresh: ["aster"],
    freshCount: 1,
  });
  assert.deepEqual([run.initialization.source, run.initialization.random], ["tiny:1", []]);
  assert.ok(run.initialization.copied.includes("predictions/kernel"));
  await using _trainer = await startTrainer(world.database, world.homeFolder, { initialWeights });
  const events = await follow(world, run.id);
  const reports = events.flatMap((event) =>
    event.kind === "WeightsInitialized" ? [event.initialization] : [],
  );
  assert.deepEqual(reports, [run.initialization]);
  assert.equal((await runNow(world, run.id)).state, "SUCCEEDED");
});

test("published weights are fetched while the run is prepared, and reported once", async () => {
  await using world = await openTrainingWorld();
  await using host = await startTestEngine();
  const configuration: RunConfigurationInput = {
    ...TINY,
    head: { kind: "GLOBAL_AVERAGE_POOLING", units: 16, dropout: 0 },
  };
  const network = networkOfRun(resolveConfiguration(configuration), 2, "FLOAT32");
  await using server = await PretrainedServer.start(torchFile(stateDictOf(network, { head: false })));
  const { initialWeights } = weightsOf(world, host, () => server.fileOf());
  // Published weights have the published width, with which a test would take minutes.
  const narrow: Pick<InitialWeights, "resolve"> = {
    resolve: async () => ({
      initialization: { kind: "pretrained", file: server.name },
      report: null,
      layerWidths: null,
      warnings: [],
    }),
  };
  const run = await trainingOver(world.database, narrow).launch({ dataset: "drawn", configuration });
  assert.equal(run.initialization, null);
  {
    await using _trainer = await startTrainer(world.database, world.homeFolder, { initialWeights });
    await follow(world, run.id, epochDone(1));
  }
  await using _trainer = await startTrainer(world.database, world.homeFolder, { initialWeights });
  const events = await follow(world, run.id);
  const { state, initialization } = await runNow(world, run.id);
  assert.equal(state, "SUCCEEDED");
  assert.equal(initialization?.source, server.name);
  assert.deepEqual(
    initialization.random.map(({ variable }) => variable),
    ["predictions/kernel", "predictions/bias"],
  );
  assert.equal(events.filter(({ kind }) => kind === "WeightsInitialized").length, 1);
  assert.equal(server.requests.length, 1);
});

test("a run whose published weights have another digest fails, with the digest", async () => {
  await using world = await openTrainingWorld();
  await using host = await startTestEngine();
  await using server = await PretrainedServer.start(Buffer.from("no weights"));
  const { initialWeights } = weightsOf(world, host, () => server.fileOf("00000000"));
  const { state, endReason, endDetail } = await trainFrom(server, world, initialWeights);
  assert.deepEqual([state, endReason], ["FAILED", "INVALID_DATA"]);
  assert.match(endDetail ?? "", /must have the sha256 00000000/);
});

test("a run whose published weights cannot be had is tried again, and then fails with the reason", async () => {
  await using world = await openTrainingWorld();
  await using host = await startTestEngine();
  await using server = await PretrainedServer.start(Buffer.from("no weights"));
  server.answers.push(...Array.from({ length: 100 }, () => refuse(404)));
  const { initialWeights } = weightsOf(world, host, () => server.fileOf());
  const { state, endReason, endDetail } = await trainFrom(server, world, initialWeights);
  assert.deepEqual([state, endReason], ["FAILED", "ATTEMPTS_EXHAUSTED"]);
  assert.match(endDetail ?? "", /vgg11-standin\.pth.*status 404/);
  assert.equal(server.requests.length, MAX_FRUITLESS_ATTEMPTS);
});

/** Trains a run that starts from the weights of a server, until it ends. */
async function trainFrom(
  server: PretrainedServer,
  world: TrainingWorld,
  initialWeights: InitialWeights,
): Promise<RunRecord> {
  const published: Pick<InitialWeights, "resolve"> = {
    resolve: async () => ({
      initialization: { kind: "pretrained", file: server.name },
      report: null,
      layerWidths: null,
      warnings: [],
    }),
  };
  const run = await trainingOver(world.database, published).launch({ dataset: "drawn", configuration: TINY });
  await using _trainer = await startTrainer(world.database, world.homeFolder, { initialWeights });
  await follow(world, run.id);
  return runNow(world, run.id);
}

function weightsOf({ database, homeFolder }: TrainingWorld, host: EngineHost, table?: PretrainedTable) {
  const models = new ModelStore(database);
  const registry = new ModelRegistry({
    models,
    runs: new TrainedRunStore(database),
    host,
    homeFolder,
    log: testLog,
  });
  const uploads = new Uploads({
    store: new UploadStore(database),
    folder: path.join(homeFolder, "uploads"),
    limits: { uploadBytes: 1_000_000 },
  });
  const imported = new ImportedWeights({ blobs: blobsOf(homeFolder), homeFolder, log: testLog });
  const cacheFolder = path.join(homeFolder, "cache");
  const pretrained = new PretrainedStore({
    cacheFolder,
    folder: null,
    log: testLog,
    ...(table && { table }),
  });
  const initialWeights = new InitialWeights({ models, registry, uploads, imported, pretrained });
  return { models, registry, initialWeights };
}
