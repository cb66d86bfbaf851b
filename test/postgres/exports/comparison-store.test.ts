import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ComparisonStore, type NewComparison } from "../../../src/exports/comparison/comparison-store.js";
import type { ModelMeasurement } from "../../../src/exports/comparison/measurement.js";
import { createTestDatabase, type TestDatabase } from "../../testkit/postgres/database.js";

let testDatabase: TestDatabase;
let store: ComparisonStore;
before(async () => {
  testDatabase = await createTestDatabase();
  store = new ComparisonStore(testDatabase.database);
});
after(() => testDatabase[Symbol.asyncDispose]());

const MEASURED: ModelMeasurement = {
  status: "MEASURED",
  runtime: "Espalier",
  runtimeVersion: "0.1.0 (TensorFlow 2.21.0)",
  imageCount: 2_000,
  correctCount: 1_876,
  millisecondsAtBatch1: 12.5,
  millisecondsAtBatch8: 8.25,
  peakMemoryBytes: 5_000_000_000,
};

function comparison(key: string, measuredAt: string, others: Partial<NewComparison> = {}): NewComparison {
  const measurements = new Map<string, ModelMeasurement>([
    ["mdv_1", MEASURED],
    ["mex_1", { status: "NOT_MEASURED", reason: "There is no Python." }],
  ]);
  const where = { split: "TEST", datasetVersionId: "dsv_1" } as const;
  return { key, measurements, measuredAt: new Date(measuredAt), ...where, ...others };
}

test("a comparison that was never measured has no figures", async () => {
  assert.equal(await store.find("unknown"), null);
});

test("what was measured is found again as it was", async () => {
  const { key, measurements, measuredAt } = comparison("a", "2026-11-30T12:00:00.123Z");
  await store.save(comparison("a", "2026-11-30T12:00:00.123Z"));
  assert.deepEqual(await store.find(key), { measurements, measuredAt });
  assert.equal(await store.find("b"), null);
});

test("a later measurement replaces the earlier one", async () => {
  await store.save(comparison("c", "2026-11-30T12:00:00Z"));
  const measurements = new Map([["mdv_1", { ...MEASURED, millisecondsAtBatch1: 6 }]]);
  const later = comparison("c", "2026-12-01T12:00:00Z", { measurements });
  await store.save(later);
  await store.save(later);
  assert.deepEqual(await store.find("c"), { measurements, measuredAt: later.measuredAt });
});
