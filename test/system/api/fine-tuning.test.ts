import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import type { ResultOf } from "@graphql-typed-document-node/core";
import { graphql } from "../../../src/client/generated/gql.js";
import type { RunConfigurationInput } from "../../../src/client/generated/graphql.js";
import { unpackWeightFiles } from "../../golden/weight-files.js";
import { awaitRun, importFlowers, launchRun, uploadBytes } from "../../testkit/api/flower-job.js";
import { startTestServer, type TestServer } from "../../testkit/api/server.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

const NETWORK: RunConfigurationInput = {
  architecture: "VGG11",
  batchNormalization: true,
  widthMultiplier: 0.0625,
  imageSizePixels: 32,
  head: { kind: "GLOBAL_AVERAGE_POOLING", dropout: 0 },
  preprocessing: "IMAGENET_TORCH",
  batchSize: 8,
};
/** So low that its changes of the weights are lost to rounding. */
const NO_LEARNING = { constant: { initial: 1e-12 } };

test("a run starts from the weights of a model, and another from a weights file", async (t) => {
  await using server = await startTestServer();
  const dataset = await importFlowers(server, 12);

  const base = await launchRun(server, dataset, {
    ...NETWORK,
    epochs: 3,
    optimizer: { adamW: {} },
    learningRate: { exponentialDecay: { initial: 0.01, decayEpochs: 2, decayRate: 0.5, staircase: true } },
    weightDecay: 0.01,
    gradientClipNorm: 5,
    labelSmoothing: 0.1,
    classWeights: { balanced: true },
    accumulationSteps: 2,
    augmentation: { horizontalFlip: true, rotationDegrees: 10, fillMode: "WRAP" },
  });
  await awaitRun(server, base);

  await t.test("a run shows every setting, including the defaults", async () => {
    const { run } = await server.viewer.ask(SETTINGS, { id: base });
    assert.deepEqual(run, {
      state: "SUCCEEDED",
      endReason: "COMPLETED",
      endDetail: null,
      configuration: {
        preprocessing: "IMAGENET_TORCH",
        precision: "AUTO",
        optimizer: { kind: "adamW", beta1: 0.9, beta2: 0.999, epsilon: 1e-7, momentum: null },
        learningRate: {
          ...{ kind: "exponentialDecay", initial: 0.01, warmupEpochs: 0, minimum: null },
          ...{ decayEpochs: 2, decayRate: 0.5, staircase: true },
        },
        initialization: { kind: "random", modelVersion: null, sha256: null },
        frozenBlocks: 0,
        augmentation: {
          ...{
            horizontalFlip: true,
            verticalFlip: false,
            rotationDegrees: 10,
            widthShift: 0,
            heightShift: 0,
          },
          ...{ zoom: 0, brightness: 0, contrast: 0, fillMode: "WRAP" },
        },
        weightDecay: 0.01,
        gradientClipNorm: 5,
        labelSmoothing: 0.1,
        classWeights: { balanced: true, weights: await balancedWeights(server, dataset) },
        accumulationSteps: 2,
      },
    });
  });

  await t.test("AUTO became the fastest measured precision, which `system` shows too", async () => {
    const { run, system } = await server.viewer.ask(PRECISION, { id: base });
    assert.ok(run?.environment);
    const { precision, precisionMeasurements: measured, partSize } = run.environment;
    assert.ok(measured.length >= 2 && measured.every(({ milliseconds }) => milliseconds > 0));
    const fastest = measured.toSorted((one, other) => one.milliseconds - other.milliseconds)[0];
    assert.equal(precision, fastest?.precision);
    // Another server on this machine may have measured at the same moment, and have kept its own times.
    const what = (times: readonly Measurement[]) =>
      times.map(({ precision, device }) => ({ precision, device }));
    assert.deepEqual(what(system.precisionMeasurements), what(measured));
    assert.equal(partSize, 4);
  });

  await registerChampion(server, base);
  const tuned = await launchRun(server, dataset, {
    ...NETWORK,
    epochs: 2,
    initialization: { modelVersion: "flowers@champion" },
    frozenBlocks: 5,
    learningRate: NO_LEARNING,
  });
  await awaitRun(server, tuned);

  await t.test("a run with a tiny learning rate is as accurate as the model it started from", async () => {
    const [before, after] = await Promise.all([base, tuned].map((id) => evaluationOf(server, id)));
    assert.deepEqual(after?.configuration.initialization, {
      kind: "modelVersion",
      modelVersion: { ref: "flowers:1" },
      sha256: null,
    });
    assert.equal(after?.state, "SUCCEEDED");
    assert.deepEqual(after?.evaluation.confusion, before?.evaluation.confusion);
    const losses = [before, after].map((run) => run?.evaluation.loss.value ?? Number.NaN);
    assert.ok(Math.abs((losses[0] ?? 0) - (losses[1] ?? 1)) < 0.01, `loss ${losses.join(" and ")}`);
  });

  await t.test(
    "the run reports what it took from the model; a run with random weights reports nothing",
    async () => {
      const { initialization } = await reportOf(server, tuned);
      assert.ok(initialization?.classes);
      const { source, looksLike, prefix, random, classes } = initialization;
      assert.deepEqual([source, prefix, random], ["flowers:1", null, []]);
      assert.equal(looksLike, "VGG11 with batch normalization, width 0.0625");
      assert.deepEqual([classes.freshCount, classes.fresh], [0, []]);
      assert.equal(classes.copiedCount, classes.copied.length);
      assert.equal((await reportOf(server, base)).initialization, null);
    },
  );

  await t.test("the comparison of the two lists their differing settings", async () => {
    const { compareRuns } = await server.viewer.ask(COMPARE, { ids: [base, tuned] });
    const values = new Map(compareRuns.configuration.map(({ path, values }) => [path, values]));
    assert.deepEqual(values.get("initialization.kind"), ["random", "modelVersion"]);
    assert.deepEqual(values.get("augmentation.rotationDegrees"), ["10", "0"]);
    assert.deepEqual(values.get("frozenBlocks"), ["0", "5"]);
    assert.deepEqual(values.get("classWeights.balanced"), ["true", null]);
    assert.deepEqual(compareRuns.environment, [{ path: "partSize" }]);
  });

  await t.test("each run is found by a setting that the other lacks", async () => {
    const found = async (path: string, equals: string): Promise<string[]> => {
      const { runs } = await server.viewer.ask(FIND, { filter: { configuration: [{ path, equals }] } });
      return runs.nodes.map(({ id }) => id);
    };
    assert.deepEqual(await found("augmentation.rotationDegrees", "10"), [base]);
    assert.deepEqual(await found("initialization.kind", "modelVersion"), [tuned]);
  });

  await t.test("an uploaded weights file provides the convolutions of a run", async () => {
    await using temporary = await temporaryFolder();
    await unpackWeightFiles(temporary.folder);
    const bytes = await readFile(path.join(temporary.folder, "vgg11-bn.pth"));
    const configuration: RunConfigurationInput = {
      ...NETWORK,
      widthMultiplier: 1 / 64,
      imageSizePixels: 64,
      head: { units: 8 },
      epochs: 1,
      frozenBlocks: 5,
      initialization: { uploadId: await uploadBytes(server, bytes) },
    };
    const run = await launchRun(server, dataset, configuration);
    await awaitRun(server, run);
    const { state, configuration: used } = await evaluationOf(server, run);
    assert.equal(state, "SUCCEEDED");
    assert.deepEqual(used.initialization, {
      kind: "weights",
      modelVersion: null,
      sha256: createHash("sha256").update(bytes).digest("hex"),
    });

    const { payload } = await server.editor.ask(LAUNCH, {
      input: { experiment: "flowers", dataset, configuration: { ...configuration, widthMultiplier: 1 / 32 } },
    });
    const [error] = payload.userErrors;
    assert.deepEqual(
      [error?.code, error?.path],
      ["WEIGHTS_MISMATCH", ["configuration", "initialization", "uploadId"]],
    );
    const looksLike = "VGG11 with batch normalization, width 0.015625, prefix `module.`";
    assert.ok(error?.message.includes(`look like ${looksLike}`), error?.message);
    assert.match(error?.message ?? "", /block1_conv1.*- and \d+ more\.$/s);

    const { initialization, events } = await reportOf(server, run);
    assert.ok(initialization);
    assert.equal(initialization.looksLike, looksLike);
    const { source, prefix, container, normalizationEpsilon, ignoredCount, classes } = initialization;
    assert.deepEqual(
      { source, prefix, container, normalizationEpsilon, ignoredCount, classes },
      {
        ...{ source: "uploaded file", prefix: "module.", container: "state_dict" },
        ...{ normalizationEpsilon: 1e-5, ignoredCount: 0, classes: null },
      },
    );
    const reported = events.nodes.filter((event) => event.__typename === "WeightsInitialized");
    assert.deepEqual(
      reported.map((event) => event.initialization.looksLike),
      [looksLike],
    );
    assert.ok(events.nodes.some((event) => event.__typename === "RunWarning" && event.code === CODE));
  });
});

const SETTINGS =
  graphql(`query FineTuningSettings($id: ID!) { run(id: $id) { state endReason endDetail configuration {
  preprocessing precision
  optimizer { kind beta1 beta2 epsilon momentum }
  learningRate { kind initial warmupEpochs minimum decayEpochs decayRate staircase }
  initialization { kind modelVersion { ref } sha256 } frozenBlocks
  augmentation { horizontalFlip verticalFlip rotationDegrees widthShift heightShift zoom brightness contrast fillMode }
  weightDecay gradientClipNorm labelSmoothing classWeights { balanced weights } accumulationSteps
} } }`);

const PRECISION = graphql(`query FineTuningPrecision($id: ID!) {
  run(id: $id) { environment { precision partSize precisionMeasurements { precision device milliseconds } } }
  system { precisionMeasurements { precision device milliseconds } }
}`);

type Measurement = ResultOf<typeof PRECISION>["system"]["precisionMeasurements"][number];

const COMPARE = graphql(`query FineTuningCompare($ids: [ID!]!) {
  compareRuns(runIds: $ids) { configuration { path values } environment { path } }
}`);

const FIND = graphql(`query FineTuningFind($filter: RunFilter) { runs(filter: $filter) { nodes { id } } }`);

const CLASSES = graphql(`query FineTuningClasses($ref: String!) {
  datasetVersion(ref: $ref) { classes { train } }
}`);

const EVALUATED = graphql(`query FineTuningEvaluated($id: ID!) {
  run(id: $id) {
    state
    configuration { initialization { kind modelVersion { ref } sha256 } }
    evaluation { loss { value } confusion }
  }
}`);

const CODE = "NORMALIZATION_EPSILON_ASSUMED";

const REPORTED = graphql(`query FineTuningReported($id: ID!) {
  run(id: $id) {
    initialization {
      source looksLike prefix container normalizationEpsilon copied random { variable reason } ignored ignoredCount
      classes { copied copiedCount fresh freshCount }
    }
    events(first: 100) { nodes {
      __typename
      ... on WeightsInitialized { initialization { looksLike } }
      ... on RunWarning { code }
    } }
  }
}`);

const REGISTER_CHAMPION = graphql(`mutation FineTuningRegister($id: ID!) {
  registerModelVersion(input: { model: "flowers", runId: $id }) { userErrors { code } }
  setModelAlias(input: { model: "flowers", alias: "champion", version: 1 }) { userErrors { code } }
}`);

const LAUNCH = graphql(`mutation FineTuningLaunch($input: LaunchRunInput!) {
  payload: launchRun(input: $input) { run { id } userErrors { code message path } }
}`);

/** The weights of the training split: images / (classes * images of the class). */
async function balancedWeights({ viewer }: TestServer, ref: string): Promise<readonly number[]> {
  const { datasetVersion } = await viewer.ask(CLASSES, { ref });
  assert.ok(datasetVersion);
  const counts = datasetVersion.classes.map(({ train }) => train);
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => total / (counts.length * count));
}

async function evaluationOf({ viewer }: TestServer, id: string) {
  const { run } = await viewer.ask(EVALUATED, { id });
  assert.ok(run?.evaluation);
  return { ...run, evaluation: run.evaluation };
}

async function reportOf({ viewer }: TestServer, id: string) {
  const { run } = await viewer.ask(REPORTED, { id });
  assert.ok(run);
  return run;
}

async function registerChampion({ editor }: TestServer, runId: string): Promise<void> {
  await editor.ask(REGISTER_CHAMPION, { id: runId });
}
