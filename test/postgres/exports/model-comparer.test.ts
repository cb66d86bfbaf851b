import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newId } from "../../../src/core/ids.js";
import { inputContractOf } from "../../../src/core/input-contract.js";
import type { ComparedModel } from "../../../src/exports/comparison/compared-models.js";
import { ComparisonStore } from "../../../src/exports/comparison/comparison-store.js";
import type { ModelMeasurement } from "../../../src/exports/comparison/measurement.js";
import { ModelComparer } from "../../../src/exports/comparison/model-comparer.js";
import type { ModelMeasurer } from "../../../src/exports/comparison/model-measurer.js";
import { SYSTEM_CLOCK } from "../../../src/lang/clock.js";
import { formatManifest, parseManifest } from "../../../src/registry/model-manifest.js";
import { createLog } from "../../../src/telemetry/log.js";
import { SMALL_NETWORK } from "../../testkit/exports/random-model.js";
import { createTestDatabase, type TestDatabase } from "../../testkit/postgres/database.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

const MEASURED: ModelMeasurement = {
  status: "MEASURED",
  runtime: "Espalier",
  runtimeVersion: "0.1.0",
  imageCount: 1,
  correctCount: 1,
  millisecondsAtBatch1: 2,
  millisecondsAtBatch8: 1,
  peakMemoryBytes: 1e8,
};

let testDatabase: TestDatabase;
before(async () => {
  testDatabase = await createTestDatabase();
});
after(() => testDatabase[Symbol.asyncDispose]());

const request = (...refs: string[]) => ({ refs, split: "TEST", measuredAfter: null }) as const;

/** A comparer that finds a model by any name, with its own way of measuring. */
function comparerThat(
  measure: ModelMeasurer["measure"],
  workFolder: string,
  sizeBytes = 1_000,
): ModelComparer {
  const datasetVersionId = newId("datasetVersion");
  const classNames = ["daisy", "rose"];
  const modelOf = (ref: string): ComparedModel => ({
    ref,
    modelExport: null,
    network: SMALL_NETWORK,
    modelVersion: {
      id: `${datasetVersionId} ${ref}`,
      modelId: newId("model"),
      modelName: ref,
      number: 1,
      description: "",
      runId: newId("run"),
      datasetVersionId,
      epoch: 1,
      checkpointSha256: null,
      classNames,
      imageSizePixels: 32,
      inputContract: inputContractOf({ imageSizePixels: 32, preprocessing: "SCALE_0_1", classCount: 2 }),
      configuration: null,
      metrics: null,
      validationEvaluationId: null,
      testEvaluationId: null,
      parameterCount: 1,
      sizeBytes,
      sha256: "00",
      createdAt: new Date(),
    },
  });
  return new ModelComparer({
    finder: {
      find: async (refs) => ({
        models: refs.map(modelOf),
        datasetVersion: {
          id: datasetVersionId,
          datasetId: newId("dataset"),
          datasetName: "flowers",
          number: 1,
          status: "READY",
          failureCode: null,
          failureMessage: null,
          hash: "00",
          classNames,
          splitSeed: 0,
          validationFraction: 0.1,
          testFraction: 0.1,
          sampleCount: 1,
          quarantinedCount: 0,
          createdAt: new Date(),
        },
      }),
      imagesOf: async () => [{ contentHash: "00", classIndex: 0 }],
    },
    store: new ComparisonStore(testDatabase.database),
    registry: {
      read: async () => ({
        folder: workFolder,
        manifest: parseManifest(
          formatManifest({
            signatures: {},
            classNames,
            inputContract: null,
            network: SMALL_NETWORK,
            exportedPrecision: "FLOAT32",
            dataset: { ref: "flowers:1", hash: null },
            run: { id: "run", epoch: 1 },
          }),
        ),
      }),
    },
    downloads: { open: () => assert.fail("There are no exports.") },
    measurer: { measure },
    facts: {
      product: "espalier 0.1.0",
      blobsFolder: workFolder,
      cacheFolder: workFolder,
      python: null,
      threads: 1,
      addonFile: "",
      limits: { imageBytes: 1, imagePixels: 1 },
    },
    engine: { processor: "A processor", threads: 1, devices: [] },
    workFolder,
    clock: SYSTEM_CLOCK,
    log: createLog("silent"),
  });
}

/** Measures until the server closes. */
const endlessly: ModelMeasurer["measure"] = (_subjects, signal) =>
  new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

test("comparisons are measured one at a time, and equal requests share one", async () => {
  await using temporary = await temporaryFolder();
  const measured: string[] = [];
  let running = 0;
  await using comparer = comparerThat(async (subjects) => {
    assert.equal(++running, 1);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    measured.push(subjects.map(({ name }) => name).join());
    return subjects.map(() => MEASURED);
  }, temporary.folder);
  const [a, same, b] = await Promise.all([
    comparer.compare(request("a", "b")),
    comparer.compare(request("b", "a", "b")),
    comparer.compare(request("b")),
  ]);
  assert.deepEqual(measured, ['"a","b"', '"b"']);
  assert.ok(a.measuredAt);
  assert.deepEqual(same.measuredAt, a.measuredAt);
  assert.equal(same.rows.length, 3);
  assert.ok([...a.rows, ...same.rows, ...b.rows].every(({ measurement }) => measurement !== null));
});

test("models that do not fit into memory together are refused", async () => {
  await using temporary = await temporaryFolder();
  await using comparer = comparerThat(endlessly, temporary.folder, 1e15);
  await assert.rejects(comparer.compare(request("a")), {
    code: "COMPARISON_TOO_LARGE",
    message: /need about 2500000\.\d GB of memory\. The machine has \d/,
  });
});

test("at most ten comparisons wait, and a server that stops ends them", async () => {
  await using temporary = await temporaryFolder();
  await using comparer = comparerThat(endlessly, temporary.folder);
  for (let index = 0; index < 10; index++) {
    assert.equal((await comparer.compare(request(`model-${index}`), 0)).measuredAt, null);
  }
  await assert.rejects(comparer.compare(request("one more"), 0), { code: "TOO_MANY_COMPARISONS" });
  const stopped = assert.rejects(comparer.compare(request("model-0")), { code: "SERVER_STOPPING" });
  const queued = assert.rejects(comparer.compare(request("model-9")), { code: "SERVER_STOPPING" });
  // The two requests wait by now: everything that they await is done in a few turns.
  await comparer.compare(request("model-1"), 0);
  await comparer[Symbol.asyncDispose]();
  await Promise.all([stopped, queued]);
  await assert.rejects(comparer.compare(request("late")), { code: "SERVER_STOPPING" });
});

test("an unexpected error is told to those who wait, and the next request measures again", async () => {
  await using temporary = await temporaryFolder();
  let tries = 0;
  await using comparer = comparerThat(async (subjects) => {
    if (++tries === 1) throw new Error("a fault");
    return subjects.map(() => MEASURED);
  }, temporary.folder);
  await assert.rejects(comparer.compare(request("a")), { code: "COMPARISON_FAILED" });
  assert.ok((await comparer.compare(request("a"))).measuredAt);
  assert.equal(tries, 2);
});
