import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Idempotency } from "../../../src/core/idempotency.js";
import { newId } from "../../../src/core/ids.js";
import { inputContractOf } from "../../../src/core/input-contract.js";
import type { PageRequest } from "../../../src/core/page.js";
import type { ModelVersionRecord } from "../../../src/registry/model-records.js";
import { ModelStore } from "../../../src/registry/model-store.js";
import { TrainedRunStore } from "../../../src/registry/trained-run-store.js";
import { epochRecord } from "../../pure/training/epoch-record.js";
import { assertPages, walkBackward, walkForward } from "../../testkit/api/page-walk.js";
import { createTestDatabase, type TestDatabase } from "../../testkit/postgres/database.js";
import {
  insertCheckpoint,
  insertTrainedRun,
  TINY_CONFIGURATION,
  type TrainedRunRows,
} from "../../testkit/trained-run.js";

let testDatabase: TestDatabase;
let models: ModelStore;
let run: TrainedRunRows;

before(async () => {
  testDatabase = await createTestDatabase();
  models = new ModelStore(testDatabase.database);
  run = await insertTrainedRun(testDatabase.database);
});

after(() => testDatabase[Symbol.asyncDispose]());

const {
  number: _,
  seconds: __,
  ...METRICS
} = epochRecord({
  number: 2,
  trainLoss: Number.POSITIVE_INFINITY,
  validationTop1: 0.75,
});

function insert(model: string, idempotency: Idempotency | null = null): Promise<ModelVersionRecord | null> {
  return models.insertVersion({
    id: newId("modelVersion"),
    modelId: newId("model"),
    modelName: model,
    description: "",
    runId: run.runId,
    datasetVersionId: run.datasetVersionId,
    epoch: 2,
    checkpointSha256: "c2",
    classNames: run.classNames,
    imageSizePixels: 32,
    inputContract: inputContractOf({ imageSizePixels: 32, preprocessing: "SCALE_0_1", classCount: 3 }),
    configuration: TINY_CONFIGURATION,
    metrics: METRICS,
    parameterCount: 143_667_240,
    sizeBytes: 2 ** 40,
    sha256: "00",
    idempotency,
  });
}

async function added(model: string): Promise<ModelVersionRecord> {
  const version = await insert(model);
  assert.ok(version);
  return version;
}

test("20 concurrent registrations of one new model get the numbers 1 to 20", async () => {
  const versions = await Promise.all(Array.from({ length: 20 }, () => added("parallel")));
  assert.deepEqual(
    versions.map(({ number }) => number).sort((a, b) => a - b),
    Array.from({ length: 20 }, (_, index) => index + 1),
  );
  assert.equal(new Set(versions.map(({ modelId }) => modelId)).size, 1);
});

test("a version is read back as it was added", async () => {
  const version = await added("kept");
  assert.equal(version.parameterCount, 143_667_240);
  assert.equal(version.sizeBytes, 2 ** 40);
  assert.deepEqual(version.classNames, run.classNames);
  assert.deepEqual(version.configuration, TINY_CONFIGURATION);
  assert.deepEqual(version.metrics, METRICS);
  assert.deepEqual([version.epoch, version.checkpointSha256, version.imageSizePixels], [2, "c2", 32]);
  assert.deepEqual(await models.findVersions([version.id]), [version]);
  assert.deepEqual((await models.versionsOfRuns([run.runId])).at(-1), version);
});

test("a reference finds the latest version, a number, or the version of an alias", async () => {
  const [first, second] = [await added("named"), await added("named")];
  await models.putAlias(first.modelId, "champion", 1);
  assert.deepEqual(await models.findVersionByRef("named"), second);
  assert.deepEqual(await models.findVersionByRef("named:1"), first);
  assert.deepEqual(await models.findVersionByRef("named@champion"), first);
  for (const ref of ["named:3", "named@nobody", "nothing", "not a ref"]) {
    assert.equal(await models.findVersionByRef(ref), null, ref);
  }
  assert.deepEqual(await models.latestVersions([first.modelId]), [second]);
});

test("an alias is moved and deleted, and never names a version of another model", async () => {
  const [first, second, other] = [await added("moved"), await added("moved"), await added("other")];
  assert.equal(await models.putAlias(first.modelId, "live", 1), true);
  assert.equal(await models.putAlias(first.modelId, "live", 2), true);
  assert.deepEqual(await models.aliasesOfModels([first.modelId, other.modelId]), [
    { modelId: first.modelId, name: "live", versionId: second.id },
  ]);
  assert.deepEqual(await models.aliasesOfVersions([first.id]), []);
  assert.equal(await models.putAlias(other.modelId, "live", 2), false);
  await models.deleteAlias(first.modelId, "live");
  assert.equal(await models.findVersionByRef("moved@live"), null);
});

test("a request with a used idempotency key adds neither a version nor a model", async () => {
  const idempotency = { key: "once", hash: "h" };
  const versions = await Promise.all(Array.from({ length: 5 }, () => insert("once", idempotency)));
  const [kept, ...rest] = versions.filter((version) => version !== null);
  assert.deepEqual(rest, []);
  assert.equal(await insert("never", idempotency), null);
  assert.equal(await models.findModelByName("never"), null);
  assert.deepEqual(await models.findVersionByIdempotencyKey("once"), { version: kept, hash: "h" });
});

test("versions are listed newest first, and cursors stay valid while rows are added", async () => {
  const versions: ModelVersionRecord[] = [];
  for (let count = 0; count < 5; count++) versions.unshift(await added("paged"));
  const modelId = versions[0]?.modelId ?? "";
  const firstPage = await models.listVersions(modelId, { first: 2, after: null });
  await added("paged");
  const secondPage = await models.listVersions(modelId, {
    first: 10,
    after: firstPage.items.at(-1)?.cursor ?? null,
  });
  assert.deepEqual(
    [...firstPage.items, ...secondPage.items].map(({ node }) => node),
    versions,
  );
  assert.deepEqual([await firstPage.hasNextPage(), await secondPage.hasNextPage()], [true, false]);
  assert.equal(await secondPage.totalCount(), 6);

  const read = (page: PageRequest) => models.listVersions(modelId, page);
  const numbers = await walkBackward(read, 2, () => added("paged"));
  assert.deepEqual(
    numbers.slice(-6).map(({ number }) => number),
    [6, 5, 4, 3, 2, 1],
  );
  await assertPages(read, await walkForward(read, 100));
});

test("the pages of all models contain every model once", async () => {
  for (const name of ["page-a", "page-b", "page-c"]) await added(name);
  const read = (page: PageRequest) => models.listModels(page);
  const all = await walkForward(read, 2);
  const names = all.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(names.filter((name) => name.startsWith("page-")).sort(), ["page-a", "page-b", "page-c"]);
  await assertPages(read, all);
  assert.equal(await (await read({ first: 1 })).totalCount(), all.length);
  await assert.rejects(models.listModels({ first: 2, after: "made up" }), { code: "CURSOR_INVALID" });
});

test("a run is read with its data and its best checkpoint, if it has one", async () => {
  const runs = new TrainedRunStore(testDatabase.database);
  const { runId } = await insertTrainedRun(testDatabase.database);
  assert.equal((await runs.hold(runId))?.bestCheckpoint, null);
  await insertCheckpoint(testDatabase.database, { runId, epoch: 1, best: false, sha256: "11", sizeBytes: 1 });
  assert.equal((await runs.hold(runId))?.bestCheckpoint, null);
  await insertCheckpoint(testDatabase.database, { runId, epoch: 2, best: true, sha256: "22", sizeBytes: 1 });
  const found = await runs.hold(runId);
  assert.deepEqual(found?.bestCheckpoint, { epoch: 2, folder: "epoch-2", sha256: "22", metrics: null });
  assert.deepEqual(found?.configuration, TINY_CONFIGURATION);
  assert.match(found?.datasetRef ?? "", /^flowers-.*:1$/);
  assert.equal(await runs.hold("run_unknown"), null);
});
