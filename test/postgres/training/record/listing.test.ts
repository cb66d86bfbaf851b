import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page, PageRequest } from "../../../../src/core/page.js";
import type { RunConfigurationInput } from "../../../../src/core/runs/configuration.js";
import type { RunFilter, RunOrder, RunRecord } from "../../../../src/training/record/run-records.js";
import { assertPages, walkBackward, walkForward } from "../../../testkit/api/page-walk.js";
import { rawSql } from "../../../testkit/postgres/raw-sql.js";
import {
  finishEpoch,
  insertVersion,
  leaseOf,
  openTraining,
  startNext,
  succeed,
  type Training,
} from "../training-stores.js";

async function names(
  training: Training,
  filter: RunFilter,
  order: RunOrder | null = null,
): Promise<string[]> {
  const { items } = await training.runs.list({ filter, order, page: { first: 50, after: null } });
  return items.map(({ node }) => node.name);
}

const reading =
  (training: Training, order: RunOrder | null) =>
  (page: PageRequest): Promise<Page<RunRecord>> =>
    training.runs.list({ order, page });

test("pages of runs neither skip nor repeat a run while others are launched", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const launched: string[] = [];
  for (let count = 0; count < 11; count++) launched.push((await training.launch()).id);
  const ids = (runs: readonly RunRecord[]): string[] => runs.map(({ id }) => id);
  const seen = await walkForward(reading(training, null), 3, async () =>
    launched.push((await training.launch()).id),
  );
  assert.deepEqual(ids(seen), launched.slice(0, 11).toReversed());

  const newestFirst = launched.toReversed();
  const backward = await walkBackward(reading(training, null), 3, async () =>
    newestFirst.unshift((await training.launch()).id),
  );
  // Read towards the newest, the list also shows the runs that were launched meanwhile.
  assert.deepEqual(ids(backward), newestFirst.slice(-backward.length));
  assert.ok(backward.length > 11);
});

test("runs launched in the same millisecond are listed in a definite order", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  for (let count = 0; count < 7; count++) await training.launch();
  await rawSql(training.database, `update run set created_at = '2026-01-01T00:00:00Z'`);
  for (const direction of ["ASC", "DESC"] as const) {
    const read = reading(training, { field: "CREATED_AT", direction });
    const seen = await walkForward(read, 2);
    assert.equal(new Set(seen.map(({ id }) => id)).size, 7);
    await assertPages(read, seen);
  }
});

/** Runs a to f: b and d with one best, c diverged, e without metrics, f still queued. */
async function sixRuns(training: Training): Promise<void> {
  await insertVersion(training.database);
  const figures: Record<string, readonly number[]> = {
    a: [0.5, 0.9],
    b: [0.7, 0.2],
    c: [Number.NaN],
    d: [0.6, 0.7],
    e: [],
  };
  for (const name of [...Object.keys(figures), "f"]) await training.launch({ name });
  for (const values of Object.values(figures)) {
    const attempt = await startNext(training);
    for (const [index, validationTop1] of values.entries()) {
      await finishEpoch(training, attempt, { number: index + 1, validationTop1 });
    }
    await succeed(training, attempt);
  }
}

test("runs are ordered by a metric, runs without it last, for any page size", async () => {
  await using training = await openTraining();
  await sixRuns(training);
  const metric = "validation.top1";
  const orders: readonly (readonly [RunOrder, string])[] = [
    [{ field: "METRIC_BEST", metric, direction: "DESC" }, "adbfec"],
    [{ field: "METRIC_BEST", metric, direction: "ASC" }, "bdacef"],
    [{ field: "METRIC_LAST", metric, direction: "DESC" }, "adbfec"],
    [{ field: "METRIC_LAST", metric, direction: "ASC" }, "bdacef"],
  ];
  for (const [order, expected] of orders) {
    for (const size of [1, 2, 4, 50]) {
      for (const walk of [walkForward, walkBackward]) {
        const seen = await walk(reading(training, order), size);
        assert.equal(
          seen.map(({ name }) => name).join(""),
          expected,
          `${walk.name} ${JSON.stringify(order)} by ${size}`,
        );
      }
    }
    await assertPages(reading(training, order), await walkForward(reading(training, order), 50));
  }
});

test("runs are ordered by duration, runs that have not ended last", async () => {
  await using training = await openTraining();
  await sixRuns(training);
  await rawSql(
    training.database,
    `update run set started_at = '2026-01-01T00:00:00Z', ended_at = '2026-01-01T00:00:00Z'::timestamptz
       + (ascii(name) - 96) * interval '1.001 seconds' where name <> 'f'`,
  );
  for (const size of [2, 50]) {
    for (const walk of [walkForward, walkBackward]) {
      const longest = await walk(reading(training, { field: "DURATION", direction: "DESC" }), size);
      assert.equal(longest.map(({ name }) => name).join(""), "edcbaf");
      const shortest = await walk(reading(training, { field: "DURATION", direction: "ASC" }), size);
      assert.equal(shortest.map(({ name }) => name).join(""), "abcdef");
    }
  }
});

test("runs are ordered by training time, runs that have not ended last, also while one is training", async () => {
  await using training = await openTraining();
  await sixRuns(training);
  // The durations have the opposite order.
  await rawSql(
    training.database,
    `update run set training_seconds = (ascii(name) - 96) * 1.1, started_at = '2026-01-01T00:00:00Z',
       ended_at = '2026-01-01T00:00:00Z'::timestamptz + (200 - ascii(name)) * interval '1 second' where name <> 'f'`,
  );
  const attempt = await startNext(training);
  let reported = 0;
  const report = async (): Promise<void> => {
    reported += 3;
    await training.queue.renew(attempt, leaseOf(), reported);
  };
  for (const size of [2, 50]) {
    for (const walk of [walkForward, walkBackward]) {
      const most = await walk(reading(training, { field: "TRAINING_TIME", direction: "DESC" }), size, report);
      assert.equal(most.map(({ name }) => name).join(""), "edcbaf");
      const least = await walk(reading(training, { field: "TRAINING_TIME", direction: "ASC" }), size, report);
      assert.equal(least.map(({ name }) => name).join(""), "abcdef");
    }
  }
});

test("only an order by a metric names a metric", async () => {
  await using training = await openTraining();
  const page = { first: 1, after: null };
  for (const order of [
    { field: "METRIC_BEST", direction: "ASC" },
    { field: "CREATED_AT", metric: "x", direction: "ASC" },
  ] as const) {
    await assert.rejects(training.runs.list({ order, page }), { code: "ORDER_INVALID" });
  }
  await assert.rejects(training.runs.list({ page: { first: 1, after: "nonsense" } }), {
    code: "CURSOR_INVALID",
  });
});

test("every filter keeps the runs that it describes", async () => {
  await using training = await openTraining();
  await sixRuns(training);
  await insertVersion(training.database);
  await insertVersion(training.database, { dataset: "birds" });
  await training.launch({ name: "Tuned_50%", experiment: "other", dataset: "birds" });
  await training.launch({
    name: "wide",
    configuration: {
      architecture: "VGG13",
      widthMultiplier: 0.125,
      imageSizePixels: 32,
      optimizer: { adam: { epsilon: 1e-7 } },
      learningRate: { constant: { initial: 0.0025 } },
    },
  });
  await rawSql(training.database, `update run set created_at = '2020-01-01T00:00:00Z' where name = 'a'`);
  const year = new Date("2021-01-01T00:00:00Z");

  const cases: readonly (readonly [RunFilter, string[]])[] = [
    [{ experiment: "other" }, ["Tuned_50%"]],
    [{ experiment: "nothing" }, []],
    [{ dataset: "birds" }, ["Tuned_50%"]],
    [{ dataset: "flowers:2" }, ["wide"]],
    [{ states: ["QUEUED"], dataset: "flowers" }, ["wide", "f"]],
    [{ states: [] }, []],
    [{ nameContains: "tuned_50%" }, ["Tuned_50%"]],
    [{ nameContains: "%" }, ["Tuned_50%"]],
    [{ architectures: ["VGG13", "VGG16"] }, ["wide"]],
    [{ metric: [{ key: "validation.top1", atLeast: 0.7 }] }, ["d", "b", "a"]],
    [{ metric: [{ key: "validation.top1", atLeast: 0.7, atMost: 0.8 }] }, ["d", "b"]],
    [{ metric: [{ key: "validation.top1" }, { key: "train.loss", atMost: 0.5 }] }, []],
    [{ configuration: [{ path: "learningRate.initial", equals: "0.0025" }] }, ["wide"]],
    [{ configuration: [{ path: "learningRate.initial", equals: "2.5e-3" }] }, ["wide"]],
    [{ configuration: [{ path: "optimizer.epsilon", equals: "1e-7" }], architectures: ["VGG13"] }, ["wide"]],
    [{ configuration: [{ path: "batchNormalization", equals: "true" }] }, []],
    [
      { configuration: [{ path: "batchNormalization", equals: "False" }], architectures: ["VGG13"] },
      ["wide"],
    ],
    [{ configuration: [{ path: "architecture", equals: "VGG13" }] }, ["wide"]],
    [{ createdBefore: year }, ["a"]],
    [{ createdAfter: year, metric: [{ key: "validation.top1" }] }, ["d", "b"]],
  ];
  for (const [filter, expected] of cases) {
    assert.deepEqual(await names(training, filter), expected, JSON.stringify(filter));
  }
  await assert.rejects(names(training, { configuration: [{ path: "a'b", equals: "1" }] }), {
    code: "FILTER_INVALID",
  });
});

test("a filter or an order by an unknown setting or metric is refused with the nearest name", async () => {
  await using training = await openTraining();
  await sixRuns(training);
  const refusals: readonly (readonly [path: string, message: RegExp])[] = [
    ["no.such.setting", /no setting at "no.such.setting"\. docs\/settings\.md lists/],
    ["nope", /docs\/settings\.md lists/],
    ["learningRate.cosine.initial", /Did you mean "learningRate\.initial"/],
    ["learningRate.step.dropEveryEpochs", /Did you mean "learningRate\.decayEpochs"/],
    ["learningrate.initial", /Did you mean "learningRate\.initial"/],
    ["momentum", /Did you mean "optimizer\.momentum"/],
    ["learningRate", /no setting at "learningRate"/],
  ];
  for (const [path, message] of refusals) {
    await assert.rejects(names(training, { configuration: [{ path, equals: "1" }] }), {
      code: "FILTER_INVALID",
      path: ["filter", "configuration"],
      message,
    });
  }
  const unknown = {
    code: "METRIC_UNKNOWN",
    message: 'There is no metric with the key "validation.top9". Did you mean "validation.top1"?',
  };
  await assert.rejects(names(training, { metric: [{ key: "validation.top9" }] }), {
    ...unknown,
    path: ["filter", "metric"],
  });
  const order = { field: "METRIC_LAST", metric: "validation.top9", direction: "ASC" } as const;
  await assert.rejects(names(training, {}, order), { ...unknown, path: ["orderBy", "metric"] });
});

test("settings and metrics that only another version records can be filtered and ordered by", async () => {
  await using training = await openTraining();
  await sixRuns(training);
  await rawSql(
    training.database,
    `update run set configuration = configuration || '{"mixup": {"alpha": 0.2}}' where name = 'a'`,
  );
  await rawSql(
    training.database,
    `update metric_series set key = 'validation.top9' where key = 'validation.top1'`,
  );
  const withAlpha = (equals: string) => names(training, { configuration: [{ path: "mixup.alpha", equals }] });
  assert.deepEqual(await withAlpha("0.2"), ["a"]);
  assert.deepEqual(await withAlpha("0.3"), []);
  assert.deepEqual(await names(training, { metric: [{ key: "validation.top9", atLeast: 0.85 }] }), ["a"]);
});

test("runs are filtered by augmentation, regularization, weight decay and fine-tuning", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  await training.launch({ name: "plain" });
  await training.launch({
    name: "tuned",
    configuration: {
      augmentation: { horizontalFlip: true, rotationDegrees: 15, fillMode: "NEAREST" },
      preprocessing: "IMAGENET_CAFFE",
      optimizer: { adamW: {} },
      learningRate: { step: { initial: 0.1, dropEveryEpochs: 3 } },
      weightDecay: 5e-5,
      gradientClipNorm: 1,
      labelSmoothing: 0.1,
      classWeights: { weights: [1, 2.5] },
      frozenBlocks: 4,
      accumulationSteps: 2,
    },
  });
  const cases: readonly (readonly [path: string, ofTuned: string, ofPlain: string | null])[] = [
    ["augmentation.horizontalFlip", "true", "false"],
    ["augmentation.rotationDegrees", "15", "0"],
    ["augmentation.rotationDegrees", "15.0", "0.0"],
    // Without rotation, shift or zoom it has no effect.
    ["augmentation.fillMode", "NEAREST", null],
    ["preprocessing", "IMAGENET_CAFFE", "SCALE_0_1"],
    ["optimizer.kind", "adamW", "adam"],
    ["learningRate.kind", "step", "constant"],
    ["learningRate.decayEpochs", "3", null],
    ["learningRate.staircase", "true", null],
    ["weightDecay", "5e-5", "0"],
    ["gradientClipNorm", "1", null],
    ["labelSmoothing", "0.1", "0"],
    ["classWeights.balanced", "false", null],
    ["classWeights.weights.1", "2.5", null],
    ["frozenBlocks", "4", "0"],
    ["accumulationSteps", "2", "1"],
  ];
  for (const [path, ofTuned, ofPlain] of cases) {
    const having = (equals: string): Promise<string[]> =>
      names(training, { configuration: [{ path, equals }] });
    assert.deepEqual(await having(ofTuned), ["tuned"], path);
    if (ofPlain !== null) assert.deepEqual(await having(ofPlain), ["plain"], path);
  }
  const random = [{ path: "initialization.kind", equals: "random" }];
  assert.deepEqual(await names(training, { configuration: random }), ["tuned", "plain"]);
});

test("a filter by a setting finds only runs in which the setting has an effect", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const launch = (name: string, configuration: RunConfigurationInput) =>
    training.launch({ name, configuration });
  await launch("hidden", { head: { units: 64 }, augmentation: { zoom: 0.1 } });
  await launch("pooled", { head: { kind: "GLOBAL_AVERAGE_POOLING", units: 64 } });
  await launch("momentum", { optimizer: { sgd: { momentum: 0.9 } } });
  await launch("plain", { optimizer: { sgd: { momentum: 0 } } });
  await launch("falling", { learningRate: { step: { initial: 1, dropEveryEpochs: 2 } } });
  await launch("level", { learningRate: { step: { initial: 1, dropEveryEpochs: 2, factor: 1 } } });
  for (const [path, equals, expected] of [
    ["head.units", "64", ["hidden"]],
    ["augmentation.fillMode", "REFLECT", ["hidden"]],
    ["optimizer.nesterov", "false", ["momentum"]],
    ["learningRate.decayEpochs", "2", ["falling"]],
    ["learningRate.staircase", "true", ["falling"]],
  ] as const) {
    assert.deepEqual(await names(training, { configuration: [{ path, equals }] }), expected, path);
  }
});

test("a filter and an order by a metric work together", async () => {
  await using training = await openTraining();
  await sixRuns(training);
  const order = { field: "METRIC_BEST", metric: "validation.top1", direction: "DESC" } as const;
  assert.deepEqual(await names(training, { states: ["SUCCEEDED"] }, order), ["a", "d", "b", "e", "c"]);
});
