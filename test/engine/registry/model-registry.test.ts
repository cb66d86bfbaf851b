import assert from "node:assert/strict";
import { open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { saveCheckpoint } from "../../../src/engine/checkpoints/checkpoint.js";
import { networkOfRun } from "../../../src/graph/architectures/network-spec.js";
import { buildTrainingGraph } from "../../../src/graph/architectures/training-graph.js";
import { exportModel, openExport } from "../../../src/registry/model-export.js";
import { parseManifest } from "../../../src/registry/model-manifest.js";
import type { RegisterModelVersion } from "../../../src/registry/model-registry.js";
import { PLAIN_TRAINING } from "../../testkit/plain-training.js";
import { rawSql } from "../../testkit/postgres/raw-sql.js";
import {
  createRegistryWorld,
  noiseImages,
  type RegistryWorld,
  type TrainedRun,
  trainTinyRun,
} from "../../testkit/registry-world.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";
import { insertTrainedRun, TINY_CONFIGURATION } from "../../testkit/trained-run.js";

const IMAGES = noiseImages(5, TINY_CONFIGURATION.imageSizePixels, 99);

let world: RegistryWorld;
let run: TrainedRun;

before(async () => {
  world = await createRegistryWorld();
  run = await trainTinyRun(world, IMAGES);
});

after(() => world[Symbol.asyncDispose]());

function request(model: string, more: Partial<RegisterModelVersion> = {}): RegisterModelVersion {
  return { model, runId: run.runId, description: null, idempotencyKey: null, ...more };
}

async function exports(): Promise<string[]> {
  return (await readdir(path.join(world.homeFolder, "models")).catch(() => [])).sort();
}

/** Runs `work` and checks that it neither added nor removed an export. */
async function leavesExportsAlone(work: () => Promise<unknown>): Promise<void> {
  const before = await exports();
  await work();
  assert.deepEqual(await exports(), before);
}

async function changeOneByte(file: string): Promise<void> {
  await using handle = await open(file, "r+");
  const { size } = await handle.stat();
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, size - 1);
  await handle.write(Buffer.of((byte[0] ?? 0) ^ 1), 0, 1, size - 1);
}

for (const precision of ["FLOAT32", "MIXED_BFLOAT16"] as const) {
  test(`a registered model gives exactly the probabilities of the trained network (${precision})`, async () => {
    const trained = await trainTinyRun(world, IMAGES, { ...TINY_CONFIGURATION, precision });
    const version = await world.registry.register(request("same", { runId: trained.runId }));
    await using session = await world.registry.open(version);
    const images = { ...IMAGES, data: (IMAGES.data as Uint8Array).slice() };
    const { probabilities } = await session.run("serving_default", { images });
    assert.deepEqual(probabilities?.data, trained.probabilities);
    assert.deepEqual(probabilities?.shape, [5, 3]);
  });
}

test("a network trained in bf16 is exported in float32, and classifies in bf16 exactly as it was evaluated", async () => {
  await using temporary = await temporaryFolder();
  const network = networkOfRun(TINY_CONFIGURATION, 3, "MIXED_BFLOAT16");
  const training = buildTrainingGraph(network, {
    ...PLAIN_TRAINING,
    optimizer: TINY_CONFIGURATION.optimizer,
    learningRate: TINY_CONFIGURATION.learningRate,
    epochs: 1,
    stepsPerEpoch: 1,
  });
  await using session = await world.host.openGraph(training);
  await session.run("init", {});
  const images = () => ({ ...IMAGES, data: (IMAGES.data as Uint8Array).slice() });
  const labels = { dtype: "int32", shape: [5], data: Int32Array.of(0, 1, 2, 0, 1) } as const;
  await session.run("train_step", { images: images(), labels });
  const evaluated = (await session.run("predict", { images: images() })).probabilities?.data;
  const checkpoint = path.join(temporary.folder, "checkpoint");
  const { sha256 } = await saveCheckpoint(session, checkpoint);

  const folder = path.join(temporary.folder, "export");
  await exportModel(
    world.host,
    {
      network,
      checkpoint: { folder: checkpoint, sha256 },
      classNames: ["daisy", "rose", "tulip"],
      dataset: { ref: "flowers:1", hash: null },
      run: { id: run.runId, epoch: 1 },
    },
    folder,
  );
  const manifest = parseManifest(await readFile(path.join(folder, "espalier.json"), "utf8"));
  assert.deepEqual([manifest.network.precision, manifest.exportedPrecision], ["MIXED_BFLOAT16", "FLOAT32"]);
  await using served = await openExport(world.host, folder, manifest);
  const classified = (await served.run("serving_default", { images: images() })).probabilities?.data;
  assert.deepEqual(classified, evaluated);
  await using exported = await world.host.openSavedModel(folder, manifest.signatures);
  const inFloat32 = (await exported.run("serving_default", { images: images() })).probabilities?.data;
  const differences = [...(inFloat32 as Float32Array)].map((value, index) =>
    Math.abs(value - ((evaluated as Float32Array)[index] ?? Number.NaN)),
  );
  const greatest = Math.max(...differences);
  assert.ok(greatest > 0 && greatest < 0.05, `off by ${greatest}`);
});

test("an export is a SavedModel of the network alone, and names its origin", async () => {
  const version = await world.registry.register(request("described", { description: "the first" }));
  const folder = world.registry.folderOf(version.id);
  assert.deepEqual((await readdir(folder, { recursive: true })).sort(), [
    "espalier.json",
    "saved_model.pb",
    "variables",
    "variables/variables.data-00000-of-00001",
    "variables/variables.index",
  ]);
  const weights = await readFile(path.join(folder, "variables/variables.data-00000-of-00001"));
  assert.ok(weights.length < 0.7 * run.checkpointBytes, "the optimizer's state stays behind");
  const manifest = JSON.parse(await readFile(path.join(folder, "espalier.json"), "utf8"));
  assert.equal(manifest.formatVersion, 1);
  assert.deepEqual(manifest.classNames, ["daisy", "rose", "tulip"]);
  assert.deepEqual(manifest.run, { id: run.runId, epoch: 1 });
  assert.equal(manifest.dataset.hash, "a1b2");
  assert.equal(manifest.network.architecture, "VGG11");
  assert.deepEqual(Object.keys(manifest.signatures), ["serving_default"]);
  assert.equal(manifest.exportedPrecision, "FLOAT32");
  const { input, outputs } = manifest.inputContract;
  assert.deepEqual([input.name, input.dtype, input.shape], ["images", "uint8", [null, 32, 32, 3]]);
  assert.deepEqual([outputs.probabilities.name, outputs.probabilities.shape], ["probabilities", [null, 3]]);
  assert.equal(manifest.inputContract.preprocessing, TINY_CONFIGURATION.preprocessing);

  assert.equal(version.number, 1);
  assert.equal(version.description, "the first");
  assert.equal(version.epoch, 1);
  assert.equal(version.imageSizePixels, 32);
  assert.ok(version.sizeBytes > weights.length);
});

test("concurrent registrations get numbers without gaps, and one key creates one version", async () => {
  const versions = await Promise.all([
    world.registry.register(request("busy")),
    world.registry.register(request("busy", { idempotencyKey: "k" })),
    world.registry.register(request("busy", { idempotencyKey: "k" })),
    world.registry.register(request("busy")),
  ]);
  const numbers = new Map(versions.map(({ id, number }) => [id, number]));
  assert.deepEqual([...numbers.values()].sort(), [1, 2, 3]);
  assert.equal(versions[1]?.id, versions[2]?.id);
  const folders = await exports();
  for (const { id } of versions) assert.ok(folders.includes(id));
  assert.deepEqual(await world.models.existingVersions(folders), new Set(folders));

  const again = await world.registry.register(request("busy", { idempotencyKey: "k" }));
  assert.deepEqual(again, versions[1]);
  await assert.rejects(world.registry.register(request("other", { idempotencyKey: "k" })), {
    code: "IDEMPOTENCY_KEY_REUSED",
  });
});

test("a run that cannot be registered is refused and leaves no files", async () => {
  const untrained = await insertTrainedRun(world.database);
  await leavesExportsAlone(async () => {
    const register = (model: string, runId: string): Promise<unknown> =>
      world.registry.register(request(model, { runId }));
    await assert.rejects(register("a/b", run.runId), { code: "NAME_INVALID" });
    await assert.rejects(register("refused", "run_unknown"), { code: "RUN_NOT_FOUND" });
    await assert.rejects(register("refused", untrained.runId), { code: "RUN_HAS_NO_CHECKPOINT" });
  });
  assert.equal(await world.models.findModelByName("refused"), null);
});

test("a damaged checkpoint is not registered", async () => {
  const damaged = await trainTinyRun(world, IMAGES);
  await changeOneByte(path.join(damaged.checkpointFolder, "variables.data-00000-of-00001"));
  await leavesExportsAlone(() =>
    assert.rejects(world.registry.register(request("damaged", { runId: damaged.runId })), {
      code: "CHECKPOINT_DAMAGED",
    }),
  );
});

test("an export whose process died before the commit is removed at the next start", async () => {
  const version = await world.registry.register(request("survivor"));
  const { rows } = await rawSql<{ sha256: string }>(
    world.database,
    `select sha256 from checkpoint where run_id = $1`,
    [run.runId],
  );
  const orphan = world.registry.folderOf("mdv_orphan");
  await exportModel(
    world.host,
    {
      network: networkOfRun(TINY_CONFIGURATION, 3, "FLOAT32"),
      checkpoint: { folder: run.checkpointFolder, sha256: rows[0]?.sha256 ?? "" },
      classNames: run.classNames,
      dataset: { ref: "flowers:1", hash: null },
      run: { id: run.runId, epoch: 1 },
    },
    orphan,
  );
  await writeFile(world.registry.folderOf("mdv_half.partial"), "cut off");
  assert.ok((await exports()).includes("mdv_orphan"));

  const registering = world.registry.register(request("survivor"));
  await world.registry.recover();
  const during = await registering;
  const left = await exports();
  assert.ok(left.includes(version.id) && left.includes(during.id));
  assert.ok(!left.includes("mdv_orphan") && !left.includes("mdv_half.partial"));
  await using session = await world.registry.open(during);
  assert.ok("serving_default" in session.signatures);
});

test("a model whose files changed is refused, and the error contains no path of the machine", async () => {
  const version = await world.registry.register(request("changed"));
  const weights = path.join(world.registry.folderOf(version.id), "variables/variables.data-00000-of-00001");
  await changeOneByte(weights);
  const refused = (error: Error & { code?: string }): boolean =>
    error.code === "MODEL_DAMAGED" && !error.message.includes(world.homeFolder);
  await assert.rejects(world.registry.open(version), refused);
  await changeOneByte(weights);
  await (await world.registry.open(version))[Symbol.asyncDispose]();
  await rm(world.registry.folderOf(version.id), { recursive: true });
  await assert.rejects(world.registry.open(version), refused);
});

test("an alias is set, moved and removed, and a failed change has no effect", async () => {
  await world.registry.register(request("aliased"));
  await world.registry.register(request("aliased"));
  const set = (alias: string, version: number | null, model = "aliased"): Promise<unknown> =>
    world.registry.setAlias({ model, alias, version });
  const champion = async (): Promise<number | undefined> =>
    (await world.models.findVersionByRef("aliased@champion"))?.number;

  await set("champion", 1);
  assert.equal(await champion(), 1);
  await set("champion", 2);
  assert.equal(await champion(), 2);
  await assert.rejects(set("champion", 3), { code: "MODEL_VERSION_NOT_FOUND", path: ["version"] });
  await assert.rejects(set("2", 1), { code: "NAME_INVALID", path: ["alias"] });
  await assert.rejects(set("champion", 1, "unknown"), { code: "MODEL_NOT_FOUND", path: ["model"] });
  await assert.rejects(set("champoin", null), {
    code: "MODEL_VERSION_NOT_FOUND",
    path: ["alias"],
    message: 'The model "aliased" has no alias "champoin". Aliases: champion.',
  });
  assert.equal(await champion(), 2);
  await set("champion", null);
  assert.equal(await champion(), undefined);
  await assert.rejects(set("champion", null), { message: /It has no aliases\.$/ });
});
