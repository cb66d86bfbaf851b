import assert from "node:assert/strict";
import { test } from "node:test";
import type { EpochRecord } from "../../../../src/core/runs/events.js";
import { BestCheckpoint } from "../../../../src/training/loop/best-checkpoint.js";
import { checkLoss, Diverged } from "../../../../src/training/loop/divergence.js";
import { EarlyStopping } from "../../../../src/training/loop/early-stopping.js";
import { improves } from "../../../../src/training/loop/monitor.js";
import { type Progress, ProgressReporter } from "../../../../src/training/loop/progress-reporter.js";
import { EPOCH_START } from "../../../../src/training/record/epoch-position.js";
import { epochRecord } from "../epoch-record.js";

const top1 = (values: readonly number[]): EpochRecord[] =>
  values.map((validationTop1, index) => epochRecord({ number: index + 1, validationTop1 }));

test("the best checkpoint is the first epoch with the highest accuracy", () => {
  const best = new BestCheckpoint("VALIDATION_TOP1");
  assert.deepEqual(
    top1([0.5, 0.4, 0.6, 0.6, 0.7]).map((epoch) => best.observe(epoch)),
    [true, false, true, false, true],
  );
});

test("the lowest loss is the best, and NaN never is", () => {
  const best = new BestCheckpoint("VALIDATION_LOSS");
  const losses = [2, 3, 1, Number.NaN, Number.NEGATIVE_INFINITY, 0.5];
  assert.deepEqual(
    losses.map((validationLoss) => best.observe(epochRecord({ validationLoss }))),
    [true, false, true, false, false, true],
  );
});

test("a run stops after `patience` epochs without a gain", () => {
  const stopping = new EarlyStopping({ patience: 2, minDelta: 0 }, "VALIDATION_TOP1");
  const stops = top1([0.5, 0.6, 0.6, 0.55]).map((epoch) => {
    stopping.observe(epoch);
    return stopping.shouldStop;
  });
  assert.deepEqual(stops, [false, false, false, true]);
});

test("a gain below minDelta does not count, but small gains add up", () => {
  const stopping = new EarlyStopping({ patience: 3, minDelta: 0.1 }, "VALIDATION_TOP1");
  const stops = top1([0.5, 0.55, 0.62, 0.65, 0.7]).map((epoch) => {
    stopping.observe(epoch);
    return stopping.shouldStop;
  });
  assert.deepEqual(stops, [false, false, false, false, false]);
});

for (const [from, to, minDelta, counts] of [
  [0.2, 0.3, 0.1, true], // 0.3 - 0.2 is 0.09999999999999998.
  [0.7, 0.8, 0.1, true],
  [1 / 3, 2 / 3, 1 / 3, true],
  [0.1 + 0.2, 0.4, 0.1, true],
  [0.2, 0.3, 0.1000001, false],
  [0.2, 0.2999999, 0.1, false],
  [0.5, 0.5, 0, false],
  [0.5, 0.5 + Number.EPSILON, 0, true],
] as const) {
  test(`a gain from ${from} to ${to} ${counts ? "counts" : "does not count"} with a minDelta of ${minDelta}`, () => {
    assert.equal(improves(to, from, minDelta), counts);
    assert.equal(improves(-from, -to, minDelta), counts);
    const stopping = new EarlyStopping({ patience: 1, minDelta }, "VALIDATION_TOP1");
    for (const epoch of top1([from, to])) stopping.observe(epoch);
    assert.equal(stopping.shouldStop, !counts);
  });
}

test("a run without early stopping never stops early", () => {
  const stopping = new EarlyStopping(null, "VALIDATION_TOP1");
  for (const epoch of top1(new Array(100).fill(0.5))) stopping.observe(epoch);
  assert.equal(stopping.shouldStop, false);
});

test("a resumed run that observes the earlier epochs again has the same state", () => {
  const epochs = top1([0.5, 0.6, 0.55]);
  const resumed = new EarlyStopping({ patience: 2, minDelta: 0 }, "VALIDATION_TOP1");
  for (const epoch of epochs) resumed.observe(epoch);
  resumed.observe(epochRecord({ validationTop1: 0.58 }));
  assert.equal(resumed.shouldStop, true);
});

test("an extended run that had stopped early has its full patience again", () => {
  const stopping = new EarlyStopping({ patience: 2, minDelta: 0 }, "VALIDATION_TOP1", [3]);
  const stops = top1([0.9, 0.6, 0.6, 0.5, 0.55, 0.55, 0.55]).map((epoch) => {
    stopping.observe(epoch);
    return stopping.shouldStop;
  });
  assert.deepEqual(stops, [false, false, false, false, false, false, true]);
});

for (const loss of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
  test(`a loss of ${loss} is reported with its step and learning rate`, () => {
    const point = { epoch: 2, step: 7, globalStep: 17, learningRate: 30 };
    assert.throws(
      () => checkLoss(loss, point),
      (error: unknown) => {
        assert.ok(error instanceof Diverged);
        assert.match(error.message, new RegExp(`${loss} in epoch 2 at step 7, with a learning rate of 30`));
        assert.deepEqual(error.metrics, [
          { key: "batch.loss", step: 17, value: loss },
          { key: "train.loss", step: 17, value: loss },
          { key: "learning_rate", step: 17, value: 30 },
        ]);
        return true;
      },
    );
  });
}

const AT_START = { position: EPOCH_START };

function reporter(): { report: ProgressReporter; written: Progress[]; pass: (milliseconds: number) => void } {
  let nowMs = 1_000_000;
  const written: Progress[] = [];
  const report = new ProgressReporter(
    async (progress) => {
      written.push(progress);
    },
    { now: () => new Date(nowMs), monotonicMs: () => nowMs },
  );
  const pass = (milliseconds: number): void => {
    nowMs += milliseconds;
  };
  return { report, written, pass };
}

test("progress is reported at most four times per second, for any speed of the steps", async () => {
  const { report, written, pass } = reporter();
  report.epochStarted();
  for (let step = 1; step <= 1000; step++) {
    pass(5);
    report.stepFinished(
      { ...AT_START, epoch: 1, step, images: 8, loss: 1 },
      { epochs: 2, stepsPerEpoch: 1000 },
    );
    await report.settle();
  }
  assert.ok(written.length <= 21, `${written.length} in five seconds`);
  assert.ok(written.length >= 19, `${written.length} in five seconds`);
  assert.deepEqual(
    written.map(({ counter }) => counter),
    written.map((_progress, index) => index + 1),
  );
});

test("progress has the speed of the epoch and the remaining time", async () => {
  const { report, written, pass } = reporter();
  const size = { epochs: 3, stepsPerEpoch: 10 };
  report.epochStarted();
  for (let step = 1; step <= 10; step++) {
    pass(1000);
    report.stepFinished({ ...AT_START, epoch: 1, step, images: 32, loss: 0.25 }, size);
    await report.settle();
  }
  assert.deepEqual(written.at(-1), {
    progress: {
      epoch: 1,
      epochs: 3,
      step: 10,
      stepsPerEpoch: 10,
      imagesPerSecond: 32,
      remainingSeconds: 20,
    },
    loss: 0.25,
    counter: 10,
    at: new Date(1_010_000),
  });
});

test("a slow database delays progress but never training", async () => {
  const writes: (() => void)[] = [];
  let nowMs = 0;
  const report = new ProgressReporter(() => new Promise((resolve) => writes.push(resolve)), {
    now: () => new Date(nowMs),
    monotonicMs: () => nowMs,
  });
  report.epochStarted();
  for (let step = 1; step <= 10; step++) {
    nowMs += 1000;
    report.stepFinished(
      { ...AT_START, epoch: 1, step, images: 1, loss: 1 },
      { epochs: 1, stepsPerEpoch: 10 },
    );
  }
  assert.equal(writes.length, 1);
  writes[0]?.();
  await report.settle();
});
