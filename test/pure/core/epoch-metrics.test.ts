import assert from "node:assert/strict";
import { test } from "node:test";
import { MonitoredMetric } from "../../../src/core/enumerations.js";
import {
  BATCH_LOSS,
  EPOCH_METRICS,
  epochMetricPoints,
  lowerIsBetter,
  measuredMetrics,
} from "../../../src/core/metrics/epoch-metrics.js";
import { MONITORED_METRICS } from "../../../src/core/settings/words.js";
import { decodeEventBody } from "../../../src/training/events/event-encoding.js";
import { scoreOf } from "../../../src/training/loop/monitor.js";
import { epochRecord } from "../training/epoch-record.js";

const MEASURED = {
  train: { loss: 1, top1: 0.5, top5: 0.75 },
  validation: { loss: 2, top1: 0.25, top5: 0.625 },
  learningRate: 0.001,
  imagesPerSecond: 30,
};

test("every metric of an epoch has its key, its source and a point at the epoch's last step", () => {
  assert.partialDeepStrictEqual(
    epochMetricPoints(measuredMetrics(MEASURED), 7).map(({ key, step, value }) => [key, step, value]),
    [
      ["train.loss", 7, 1],
      ["train.top1", 7, 0.5],
      ["train.top5", 7, 0.75],
      ["validation.loss", 7, 2],
      ["validation.top1", 7, 0.25],
      ["validation.top5", 7, 0.625],
      ["learning_rate", 7, 0.001],
      ["images_per_second", 7, 30],
    ],
  );
});

test("losses are better when they are lower, everything else is not", () => {
  const lower = [...Object.values(EPOCH_METRICS), BATCH_LOSS].map(({ key }) => key).filter(lowerIsBetter);
  assert.deepEqual(lower, ["train.loss", "validation.loss", "batch.loss"]);
  assert.equal(lowerIsBetter("later.loss"), false);
});

test("every monitored metric has a meaning and a score in which higher is better", () => {
  assert.deepEqual(Object.keys(MonitoredMetric), Object.keys(MONITORED_METRICS.meanings));
  const epoch = epochRecord(measuredMetrics(MEASURED));
  const scores = Object.values(MonitoredMetric).map((monitor) => scoreOf(epoch, monitor));
  assert.deepEqual(scores, [-2, 0.25, 0.625]);
  assert.equal(
    MONITORED_METRICS.meanings.VALIDATION_LOSS,
    "Mean cross-entropy over the validation images; lower is better.",
  );
});

test("an epoch in a stored event is NaN in the metrics that are newer than the event", () => {
  const { trainTop5: _newer, ...earlier } = epochRecord();
  const body = decodeEventBody("EpochCompleted", { epoch: earlier, improved: true });
  assert.deepEqual(body, {
    kind: "EpochCompleted",
    epoch: epochRecord({ trainTop5: Number.NaN }),
    improved: true,
  });
});
