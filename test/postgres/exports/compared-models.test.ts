import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newId } from "../../../src/core/ids.js";
import { inputContractOf } from "../../../src/core/input-contract.js";
import { DatasetStore } from "../../../src/data/versions/dataset-store.js";
import { ComparedModelFinder } from "../../../src/exports/comparison/compared-models.js";
import { ExportImagesStore } from "../../../src/exports/jobs/export-images-store.js";
import { ExportStore } from "../../../src/exports/jobs/export-store.js";
import { formatManifest, parseManifest } from "../../../src/registry/model-manifest.js";
import { ModelStore } from "../../../src/registry/model-store.js";
import { SMALL_NETWORK } from "../../testkit/exports/random-model.js";
import { createTestDatabase, type TestDatabase } from "../../testkit/postgres/database.js";
import { insertTrainedRun, TINY_CONFIGURATION, type TrainedRunRows } from "../../testkit/trained-run.js";

const FLOWERS = ["daisy", "rose", "tulip"];

let testDatabase: TestDatabase;
let models: ModelStore;
let finder: ComparedModelFinder;
/** A run on version 1 of its dataset. */
let run: TrainedRunRows;

before(async () => {
  testDatabase = await createTestDatabase();
  const { database } = testDatabase;
  models = new ModelStore(database);
  const stores = {
    models,
    exports: new ExportStore(database),
    datasets: new DatasetStore(database),
    images: new ExportImagesStore(database),
  };
  // No files are needed to find models.
  const manifest = parseManifest(
    formatManifest({
      signatures: {},
      classNames: FLOWERS,
      inputContract: null,
      network: SMALL_NETWORK,
      exportedPrecision: "FLOAT32",
      dataset: { ref: "flowers:1", hash: null },
      run: { id: "run", epoch: 1 },
    }),
  );
  finder = new ComparedModelFinder(stores, { readManifest: async () => manifest });
  run = await insertTrainedRun(database, FLOWERS);
});
after(() => testDatabase[Symbol.asyncDispose]());

async function register(
  modelName: string,
  { runId, datasetVersionId, classNames }: TrainedRunRows = run,
): Promise<void> {
  const version = await models.insertVersion({
    id: newId("modelVersion"),
    modelId: newId("model"),
    modelName,
    description: "",
    runId,
    datasetVersionId,
    epoch: 1,
    checkpointSha256: "c1",
    classNames,
    imageSizePixels: 32,
    inputContract: inputContractOf({ imageSizePixels: 32, preprocessing: "SCALE_0_1", classCount: 3 }),
    configuration: TINY_CONFIGURATION,
    metrics: null,
    parameterCount: 1,
    sizeBytes: 1,
    sha256: "00",
    idempotency: null,
  });
  assert.ok(version);
}

/** Another version of the dataset of `run`. */
async function grownDataset(number: number, classNames: readonly string[]): Promise<TrainedRunRows> {
  const { prisma } = testDatabase.database;
  const earlier = await prisma.datasetVersion.findUniqueOrThrow({ where: { id: run.datasetVersionId } });
  const id = newId("datasetVersion");
  const { datasetId, status, splitSeed, validationFraction, testFraction } = earlier;
  await prisma.datasetVersion.create({
    data: {
      ...{ id, datasetId, number, status, splitSeed, validationFraction, testFraction },
      hash: `hash ${number}`,
      classNames: [...classNames],
      source: {},
    },
  });
  return { ...run, datasetVersionId: id, classNames };
}

async function refusal(refs: readonly string[]): Promise<{ message: string; code: string }> {
  return finder.find(refs).then(
    () => assert.fail("The comparison was not refused."),
    ({ code, message, path }: { code: string; message: string; path: readonly string[] }) => {
      assert.deepEqual(path, ["refs"]);
      return { code, message };
    },
  );
}

test("models are compared on the newest dataset version that one of them was trained on, in any order", async () => {
  const grown = await grownDataset(2, FLOWERS);
  await register("old");
  await register("new", grown);
  for (const refs of [
    ["old", "new"],
    ["new:1", "old:1"],
  ]) {
    const { datasetVersion, models: found } = await finder.find(refs);
    assert.equal(datasetVersion.id, grown.datasetVersionId);
    assert.deepEqual(
      found.map(({ ref }) => ref),
      refs,
    );
  }
  assert.equal((await finder.find(["old"])).datasetVersion.id, run.datasetVersionId);
});

test("models of different datasets are refused", async () => {
  await register("flowers");
  await register("others", await insertTrainedRun(testDatabase.database, FLOWERS));
  const { code, message } = await refusal(["flowers", "others"]);
  assert.equal(code, "COMPARISON_INVALID");
  assert.match(message, /images of one dataset\. "\w+" was trained on/);
});

test("models of one dataset with different classes are refused", async () => {
  await register("three");
  await register("four", await grownDataset(3, [...FLOWERS, "violet"]));
  const { code, message } = await refusal(["three", "four"]);
  assert.equal(code, "COMPARISON_INVALID");
  assert.match(message, /of which there are 4\. "three" has 3 classes, and lacks "violet"/);
});

test("a split without images is refused", async () => {
  await register("empty");
  const { datasetVersion } = await finder.find(["empty"]);
  await assert.rejects(finder.imagesOf(datasetVersion, "TEST"), {
    code: "COMPARISON_INVALID",
    path: ["split"],
    message: /has no images in the split TEST/,
  });
});
