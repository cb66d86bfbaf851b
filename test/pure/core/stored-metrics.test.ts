import assert from "node:assert/strict";
import { test } from "node:test";
import { EPOCH_METRIC_NAMES } from "../../../src/core/metrics/epoch-metrics.js";
import { readStoredMetrics, storedMetrics } from "../../../src/core/metrics/stored-metrics.js";

const COMPLETE = Object.fromEntries(EPOCH_METRIC_NAMES.map((name, index) => [name, index + 0.5]));

test("stored metrics are read as their schema reads them", () => {
  const documents = [
    COMPLETE,
    {},
    { ...COMPLETE, trainLoss: "NaN", validationLoss: "Infinity", learningRate: "-Infinity" },
    { ...COMPLETE, aMetricOfALaterVersion: 1 },
  ];
  for (const json of documents) assert.deepEqual(readStoredMetrics(json), storedMetrics.parse(json));
});

test("stored metrics that are damaged are reported, not guessed", () => {
  for (const json of [null, 1, "{}", [], { ...COMPLETE, trainLoss: "1" }, { ...COMPLETE, trainLoss: null }]) {
    assert.throws(() => readStoredMetrics(json), /The database holds an invalid epoch/, JSON.stringify(json));
  }
});
