import assert from "node:assert/strict";
import { test } from "node:test";
import { graphql } from "../../../src/client/generated/gql.js";
import type { RunConfigurationInput } from "../../../src/client/generated/graphql.js";
import { awaitRun, importFlowers, launchRun } from "../../testkit/api/flower-job.js";
import { extendRun } from "../../testkit/api/run-control.js";
import { startTestServer } from "../../testkit/api/server.js";

const CONFIGURATION: RunConfigurationInput = {
  architecture: "VGG11",
  widthMultiplier: 0.0625,
  imageSizePixels: 32,
  batchNormalization: true,
  head: { kind: "GLOBAL_AVERAGE_POOLING" },
  preprocessing: "IMAGENET_CAFFE",
  monitor: "VALIDATION_LOSS",
  precision: "FLOAT32",
  batchSize: 4,
  epochs: 1,
};

graphql(`fragment FrozenMetrics on EpochMetrics {
  trainLoss { value } trainTop1 { value } trainTop5 { value } validationLoss { value } validationTop1 { value }
  validationTop5 { value } learningRate imagesPerSecond
}`);

graphql(`fragment FrozenFigures on Evaluation {
  split epoch sampleCount loss { value } top1 top5 expectedCalibrationError
  top1Interval { lower upper } top5Interval { lower upper }
}`);

graphql(`fragment FrozenScores on Evaluation {
  ...FrozenFigures classes { name precision recall f1 support } confusion
}`);

const REGISTER = graphql(`mutation FrozenRegister($id: ID!) {
  registerModelVersion(input: { model: "flowers", runId: $id }) { modelVersion { ref } userErrors { code } }
}`);

const VERSION = graphql(`query FrozenVersion($ref: String!) {
  modelVersion(ref: $ref) {
    epoch
    configuration { epochs extendedAfterEpochs preprocessing parameterCount initialization { kind } }
    input { signature tensor dataType imageSizePixels channelOrder minimumValue maximumValue preprocessing classNames }
    epochMetrics { ...FrozenMetrics }
    metrics { key last { value } best { value } bestEpoch }
    validation: evaluation { ...FrozenScores }
    test: evaluation(split: TEST) { ...FrozenScores }
    train: evaluation(split: TRAIN) { epoch }
  }
}`);

const RUN = graphql(`query FrozenRun($id: ID!) {
  run(id: $id) {
    epochs { number validationLoss { value } validationTop1 { value } }
    checkpoints { epoch best }
    validation: evaluation { ...FrozenScores }
    test: evaluation(split: TEST) { ...FrozenScores }
    validationFigures: evaluation { ...FrozenFigures }
    testFigures: evaluation(split: TEST) { ...FrozenFigures }
  }
}`);

const COMPARE = graphql(`query FrozenCompare($ids: [ID!]!) {
  compareRuns(runIds: $ids) {
    configuration { path values }
    metrics { key best { value } selected { value } bestRun { id } noBestRunReason }
    selectedCheckpoints {
      run { id } epoch monitor metrics { ...FrozenMetrics }
      validation { ...FrozenFigures } test { ...FrozenFigures }
    }
  }
}`);

test("a version shows what was true of its checkpoint, whatever its run does afterwards", async (t) => {
  await using server = await startTestServer();
  const { editor, viewer } = server;
  const dataset = await importFlowers(server, 8);
  const id = await launchRun(server, dataset, CONFIGURATION);
  await awaitRun(server, id);
  const register = async (): Promise<string> => {
    const { registerModelVersion } = await editor.ask(REGISTER, { id });
    assert.deepEqual(registerModelVersion.userErrors, []);
    return registerModelVersion.modelVersion?.ref ?? "";
  };
  const versionOf = async (ref: string) => {
    const { modelVersion } = await viewer.ask(VERSION, { ref });
    assert.ok(modelVersion);
    return modelVersion;
  };
  const ref = await register();
  const version = await versionOf(ref);

  await t.test("it has the configuration, the input, the metrics and both evaluations", async () => {
    const { run } = await viewer.ask(RUN, { id });
    assert.equal(version.epoch, 1);
    assert.deepEqual([version.configuration?.epochs, version.configuration?.extendedAfterEpochs], [1, []]);
    assert.deepEqual(version.input, {
      signature: "serving_default",
      tensor: "images",
      dataType: "uint8",
      imageSizePixels: 32,
      channelOrder: "RGB",
      minimumValue: 0,
      maximumValue: 255,
      preprocessing: "IMAGENET_CAFFE",
      classNames: version.validation?.classes.map(({ name }) => name),
    });
    assert.equal(version.epochMetrics?.validationLoss.value, run?.epochs[0]?.validationLoss.value);
    for (const { key, last, best, bestEpoch } of version.metrics) {
      assert.deepEqual([last, 1], [best, bestEpoch], key);
    }
    assert.equal(version.metrics.length, 8);
    assert.deepEqual([version.validation, version.test], [run?.validation, run?.test]);
    assert.equal(version.test?.epoch, 1);
    assert.equal(version.train, null);
  });

  await extendRun(server, id, 8);
  await awaitRun(server, id);

  await t.test("extending its run to a better epoch changes nothing", async () => {
    const { run } = await viewer.ask(RUN, { id });
    assert.ok((run?.validation?.epoch ?? 0) > 1, "the run found no better epoch");
    assert.deepEqual(await versionOf(ref), version);
    const later = await versionOf(await register());
    assert.deepEqual([later.epoch, later.test?.epoch], [run?.test?.epoch, run?.validation?.epoch]);
    assert.deepEqual(later.configuration?.extendedAfterEpochs, [1]);
  });

  await t.test("a comparison tells the selected checkpoint from the best value of each metric", async () => {
    const other = await launchRun(server, dataset, {
      ...CONFIGURATION,
      head: { kind: "GLOBAL_AVERAGE_POOLING", units: 16 },
      epochs: 2,
      seed: 3,
      labelSmoothing: 0.1,
    });
    await awaitRun(server, other);
    const { compareRuns } = await viewer.ask(COMPARE, { ids: [id, other] });
    assert.deepEqual(
      compareRuns.configuration.map(({ path }) => path),
      ["epochs", "extendedAfterEpochs", "labelSmoothing", "seed"],
      "head.units has no effect",
    );
    for (const [index, runId] of [id, other].entries()) {
      const { run } = await viewer.ask(RUN, { id: runId });
      const selected = compareRuns.selectedCheckpoints[index];
      const best = run?.checkpoints.find((checkpoint) => checkpoint.best);
      assert.deepEqual(
        [selected?.run.id, selected?.epoch, selected?.monitor],
        [runId, best?.epoch, "VALIDATION_LOSS"],
      );
      assert.deepEqual([selected?.validation, selected?.test], [run?.validationFigures, run?.testFigures]);
      assert.equal(selected?.test?.epoch, best?.epoch);
      const ofEpoch = run?.epochs.find(({ number }) => number === best?.epoch);
      assert.equal(selected?.metrics.validationTop1.value, ofEpoch?.validationTop1.value);
      const top1 = compareRuns.metrics.find(({ key }) => key === "validation.top1");
      assert.equal(top1?.selected[index]?.value, ofEpoch?.validationTop1.value);
      const highest = Math.max(...(run?.epochs.map(({ validationTop1 }) => validationTop1.value ?? 0) ?? []));
      assert.equal(top1?.best[index]?.value, highest);
      const { lower, upper } = selected?.test?.top1Interval ?? assert.fail();
      const tested = selected?.test?.top1 ?? assert.fail();
      assert.ok(0 <= lower && lower <= tested && tested <= upper && upper <= 1 && lower < upper);
    }
    const reasons = new Map(compareRuns.metrics.map(({ key, noBestRunReason }) => [key, noBestRunReason]));
    assert.deepEqual(
      ["learning_rate", "validation.loss", "train.loss"].map((key) => reasons.get(key)),
      ["NO_DIRECTION", "LOSS_DIFFERS", "LOSS_DIFFERS"],
    );
  });
});
