import assert from "node:assert/strict";
import { test } from "node:test";
import { assertPages } from "../../../testkit/api/page-walk.js";
import { insertVersion, leaseOf, openTraining, startNext, trainingOver } from "../training-stores.js";

const SMALL = { architecture: "VGG11", widthMultiplier: 0.0625, imageSizePixels: 32, batchSize: 2 } as const;

test("a launched run waits in the queue with a generated name, in a new experiment", async () => {
  await using training = await openTraining();
  const versionId = await insertVersion(training.database);
  const run = await training.launch();
  assert.equal(run.state, "QUEUED");
  assert.equal(run.datasetVersionId, versionId);
  assert.match(run.name, /^[a-z]+-[a-z]+-\d+$/);
  assert.equal(run.configuration.architecture, "VGG11");
  assert.ok(run.parameterCount > 0);
  assert.deepEqual(await training.runs.find([run.id]), [run]);
  assert.equal((await training.experiments.findByName("trees"))?.id, run.experimentId);
  const { items } = await training.events.list(run.id, { first: 10, after: null });
  assert.deepEqual(
    items.map(({ node }) => [node.sequence, node.kind, node.kind === "RunStateChanged" && node.to]),
    [[1, "RunStateChanged", "QUEUED"]],
  );
});

test("a run trains on the newest ready version, or on the requested one", async () => {
  await using training = await openTraining();
  const first = await insertVersion(training.database);
  const second = await insertVersion(training.database);
  await insertVersion(training.database, { status: "IMPORTING" });
  assert.equal((await training.launch()).datasetVersionId, second);
  assert.equal((await training.launch({ dataset: "flowers:1" })).datasetVersionId, first);
});

const REFUSED = [
  ["DATASET_VERSION_NOT_FOUND", { dataset: "birds" }],
  ["DATASET_VERSION_NOT_FOUND", { dataset: "flowers:9" }],
  ["DATASET_NOT_READY", { dataset: "unfinished:1" }],
  ["DATASET_UNFIT", { dataset: "one-class" }],
  ["DATASET_UNFIT", { dataset: "no-validation" }],
  ["DATASET_UNFIT", { dataset: "no-training" }],
  ["NAME_INVALID", { experiment: "a/b" }],
  ["NAME_INVALID", { name: "" }],
  ["CONFIGURATION_INVALID", { configuration: { batchSize: 0 } }],
  ["CONFIGURATION_INVALID", { configuration: { monitor: "VALIDATION_TOP5" } }],
  ["PRECISION_UNSUPPORTED", { configuration: { precision: "MIXED_FLOAT16" } }],
  ["CONFIGURATION_INVALID", { configuration: { classWeights: { weights: [1, 2, 3] } } }],
  ["DATASET_UNFIT", { dataset: "one-sided", configuration: { classWeights: { balanced: true } } }],
  ["MEMORY_INSUFFICIENT", { configuration: { batchSize: 4096 } }],
] as const;

test("a run that could not train is refused and leaves no rows", async (t) => {
  await using training = await openTraining();
  await insertVersion(training.database);
  await insertVersion(training.database, { dataset: "unfinished", status: "IMPORTING" });
  await insertVersion(training.database, { dataset: "one-class", classNames: ["daisy"] });
  await insertVersion(training.database, { dataset: "no-validation", splits: ["TRAIN", "TRAIN", "TEST"] });
  await insertVersion(training.database, { dataset: "no-training", splits: ["VALIDATION"] });
  // Images at even positions are of one class, those at odd positions of the other.
  const splits = ["TRAIN", "VALIDATION", "TRAIN", "TEST"] as const;
  await insertVersion(training.database, { dataset: "one-sided", splits });
  for (const [code, request] of REFUSED) {
    await t.test(`${JSON.stringify(request)}: ${code}`, () =>
      assert.rejects(training.launch(request), { code }),
    );
  }
  const { items } = await training.runs.list({ page: { first: 10, after: null } });
  assert.deepEqual(items, []);
  assert.equal(await training.experiments.findByName("trees"), null);
});

test("the error for an unknown dataset version says what exists", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  await insertVersion(training.database, { dataset: "unfinished", status: "IMPORTING" });
  for (const [dataset, message] of [
    ["birds", 'There is no dataset named "birds".'],
    ["flowers:9", 'The dataset "flowers" has no version 9. Its latest version is 1.'],
    [
      "unfinished",
      'The dataset "unfinished" has no version that is READY. Its latest version, 1, is IMPORTING.',
    ],
    [
      "flowers:x",
      'A dataset version is named "flowers" (the latest ready version of a dataset) or "flowers:3". ' +
        'Received "flowers:x".',
    ],
  ] as const) {
    await assert.rejects(training.launch({ dataset }), { message, path: ["dataset"] });
  }
});

test("a monitor that is the same in every epoch is refused, with the monitors that can be used", async () => {
  await using training = await openTraining();
  await insertVersion(training.database, { dataset: "five", classNames: ["a", "b", "c", "d", "e"] });
  await insertVersion(training.database, { dataset: "six", classNames: ["a", "b", "c", "d", "e", "f"] });
  const configuration = { ...SMALL, monitor: "VALIDATION_TOP5" } as const;
  await assert.rejects(training.launch({ dataset: "five", configuration }), {
    code: "CONFIGURATION_INVALID",
    path: ["configuration", "monitor"],
    message:
      'monitor must be VALIDATION_LOSS or VALIDATION_TOP1 for a dataset of 5 classes. Received "VALIDATION_TOP5", which ' +
      "is the same in every epoch: with so few classes, the right one is always among those that count.",
  });
  const run = await training.launch({ dataset: "six", configuration });
  assert.equal(run.configuration.monitor, "VALIDATION_TOP5");
});

test("balanced class weights count the training split, and are recorded with the run", async () => {
  await using training = await openTraining();
  // The training split has two samples of the first class and one of the second.
  await insertVersion(training.database, {
    splits: ["TRAIN", "TRAIN", "TRAIN", "VALIDATION", "TEST", "TEST"],
  });
  const { id } = await training.launch({ configuration: { ...SMALL, classWeights: { balanced: true } } });
  const [run] = await training.runs.find([id]);
  assert.deepEqual(run?.configuration.classWeights, { balanced: true, weights: [0.75, 1.5] });
});

test("a launch warns of senseless settings in events that name the setting, its value and the reason", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const configuration = {
    ...SMALL,
    frozenBlocks: 1,
    imageSizePixels: 64,
    learningRate: { constant: { initial: 1e300 } },
  } as const;
  const { id, state } = await training.launch({ configuration, idempotencyKey: "once" });
  assert.equal(state, "QUEUED");
  await training.launch({ configuration, idempotencyKey: "once" });
  const { items } = await training.events.list(id, { first: 10 });
  assert.deepEqual(
    items.map(({ node }) => [
      node.sequence,
      node.kind === "RunWarning" ? [node.code, node.message] : node.kind,
    ]),
    [
      [1, "RunStateChanged"],
      [
        2,
        [
          "SETTING_SENSELESS",
          "imageSizePixels is 64: no image has a side of more than 8 pixels, so enlarging costs time and adds no detail.",
        ],
      ],
      [
        3,
        [
          "SETTING_SENSELESS",
          "learningRate.initial is 1e+300: it is infinite in float32, so the first step destroys the weights.",
        ],
      ],
      [
        4,
        [
          "SETTING_SENSELESS",
          "frozenBlocks is 1: the weights are random, so frozen stages keep weights that never learn; set " +
            "`initialization`, or freeze nothing.",
        ],
      ],
    ],
  );
});

test("a run has its warnings, oldest first, and at most the newest 100", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const { id } = await training.launch();
  const { id: other } = await training.launch();
  await training.database.transaction(async (transaction) => {
    for (let number = 1; number <= 101; number++) {
      const warning = { kind: "RunWarning", code: "RESUMED", message: `warning ${number}` } as const;
      await training.events.append(transaction, id, warning, new Date());
    }
  });
  const warnings = (await training.events.warningsOf([id, other])).get(id) ?? [];
  assert.deepEqual(
    warnings.map((event) => event.kind === "RunWarning" && event.message),
    Array.from({ length: 100 }, (_value, index) => `warning ${index + 2}`),
  );
  assert.equal((await training.events.warningsOf([other])).size, 0);
});

test("float16 is accepted only on machines with a GPU", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const configuration = { ...SMALL, precision: "MIXED_FLOAT16" } as const;
  await assert.rejects(training.launch({ configuration }), {
    code: "PRECISION_UNSUPPORTED",
    path: ["configuration", "precision"],
    message: /needs a GPU/,
  });
  const withGpu = trainingOver(training.database, undefined, { hasGpu: true });
  assert.equal((await withGpu.launch({ configuration })).configuration.precision, "MIXED_FLOAT16");
});

test("fifty concurrent launches with one idempotency key create one run", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const runs = await Promise.all(
    Array.from({ length: 50 }, () => training.launch({ idempotencyKey: "once" })),
  );
  assert.equal(new Set(runs.map(({ id }) => id)).size, 1);
  const { items } = await training.runs.list({ page: { first: 10, after: null } });
  assert.equal(items.length, 1);
});

test("an idempotency key of another request is refused, and no experiment is created", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const first = await training.launch({ idempotencyKey: "k" });
  await assert.rejects(training.launch({ idempotencyKey: "k", experiment: "other" }), {
    code: "IDEMPOTENCY_KEY_REUSED",
  });
  await assert.rejects(training.launch({ idempotencyKey: "k", configuration: { epochs: 4 } }), {
    code: "IDEMPOTENCY_KEY_REUSED",
  });
  assert.equal(await training.experiments.findByName("other"), null);
  assert.equal((await training.launch({ idempotencyKey: "k" })).id, first.id);
});

test("when two different requests use one key concurrently, one launches a run and the other is refused", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const outcomes = await Promise.allSettled(
    ["a", "b"].map((experiment) => training.launch({ idempotencyKey: "k", experiment })),
  );
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
});

test("runs are trained in the order of their launch, and have queue positions", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const [a, b, c] = [await training.launch(), await training.launch(), await training.launch()];
  assert.deepEqual(
    await training.runs.queuePosition([c.id, a.id]),
    new Map([
      [a.id, 1],
      [c.id, 3],
    ]),
  );
  const claimed = await training.queue.claim(leaseOf(), new Date());
  assert.equal(claimed?.id, a.id);
  assert.equal(claimed?.state, "PREPARING");
  assert.ok(claimed?.startedAt);
  assert.deepEqual(await training.runs.queuePosition([a.id, b.id]), new Map([[b.id, 1]]));
});

test("two trainers never take the same run", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  for (let count = 0; count < 10; count++) await training.launch();
  const claims = await Promise.all(
    Array.from({ length: 12 }, () => training.queue.claim(leaseOf(), new Date())),
  );
  const ids = claims.flatMap((run) => (run === null ? [] : [run.id]));
  // A claim that finds only a locked run sees an empty queue; its worker is woken or polls again.
  assert.equal(new Set(ids).size, ids.length);
});

test("a queued run is cancelled at once, and the trainer of a running run is notified", {
  timeout: 60_000,
}, async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const running = await training.launch();
  const queued = await training.launch();
  const attempt = await startNext(training);

  const cancelled = await training.control.cancel(queued.id);
  assert.equal(cancelled.state, "CANCELLED");
  assert.equal(cancelled.endReason, "CANCELLED");
  assert.ok(cancelled.endedAt);

  const rung = new Promise<void>((resolve) => training.queue.onStopRequest(running.id, resolve));
  assert.equal((await training.control.cancel(running.id)).state, "RUNNING");
  await rung;
  assert.equal(await training.queue.renew(attempt, leaseOf()), "CANCEL");
});

test("ended and unknown runs cannot be cancelled", async () => {
  await using training = await openTraining();
  await insertVersion(training.database);
  const run = await training.launch();
  await training.control.cancel(run.id);
  await assert.rejects(training.control.cancel(run.id), { code: "RUN_ALREADY_ENDED" });
  await assert.rejects(training.control.cancel("run_00000000000000000000000000"), { code: "RUN_NOT_FOUND" });
});

test("experiments are created once, listed newest first, and found by name", async () => {
  await using training = await openTraining();
  const create = (name: string, idempotencyKey: string | null = null) =>
    training.experiments.create({ name, description: `about ${name}`, maxActiveRuns: null, idempotencyKey });
  const [a, b] = [await create("a"), await create("b", "key")];
  assert.deepEqual(await create("b", "key"), b);
  await assert.rejects(create("a"), { code: "EXPERIMENT_NAME_TAKEN" });
  await assert.rejects(create("c", "key"), { code: "IDEMPOTENCY_KEY_REUSED" });
  await assert.rejects(create(""), { code: "NAME_INVALID" });
  assert.deepEqual(await training.experiments.findByName("a"), a);
  const page = await training.experiments.list({ first: 1, after: null });
  assert.deepEqual([page.items.map(({ node }) => node.name), await page.hasNextPage()], [["b"], true]);
  const rest = await training.experiments.list({ first: 1, after: page.items[0]!.cursor });
  assert.deepEqual([rest.items.map(({ node }) => node.name), await rest.hasNextPage()], [["a"], false]);
  assert.equal(await rest.totalCount(), 2);
  await assertPages((request) => training.experiments.list(request), [b, a]);
});
