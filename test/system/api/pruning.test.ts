import assert from "node:assert/strict";
import { test } from "node:test";
import { graphql } from "../../../src/client/generated/gql.js";
import type { RunConfigurationInput } from "../../../src/client/generated/graphql.js";
import { awaitRun, importFlowers, launchRun } from "../../testkit/api/flower-job.js";
import { extendRun } from "../../testkit/api/run-control.js";
import { startTestServer, type TestServer } from "../../testkit/api/server.js";

const NETWORK: RunConfigurationInput = {
  architecture: "RESNET18",
  widthMultiplier: 0.25,
  imageSizePixels: 32,
  batchSize: 8,
  epochs: 2,
};

test("a model is pruned by its alias, registered again, and classifies", async (t) => {
  await using server = await startTestServer();
  const { viewer, editor } = server;
  const dataset = await importFlowers(server, 12);
  const base = await launchRun(server, dataset, { ...NETWORK, sparsity: 1e-4 });
  await awaitRun(server, base);
  await register(server, "flowers", base);
  await editor.ask(CHAMPION);

  const id = await launchRun(server, dataset, {
    ...NETWORK,
    pruning: { from: "flowers@champion", channels: 0.5, criterion: "BATCH_NORM_SCALE" },
  });
  await awaitRun(server, id);

  await t.test("the run shows what it pruned, and its smaller size", async () => {
    const [{ run: before }, { run: after }] = [
      await viewer.ask(PRUNED, { id: base }),
      await viewer.ask(PRUNED, { id }),
    ];
    assert.ok(before && after?.pruned);
    assert.equal(after.state, "SUCCEEDED", after.endDetail ?? "");
    assert.deepEqual(after.configuration.pruning, {
      from: "flowers:1",
      channels: 0.5,
      criterion: "BATCH_NORM_SCALE",
      minimumChannels: 8,
      multipleOf: 16,
    });
    assert.deepEqual([before.pruned, before.configuration.pruning], [null, null]);
    assert.equal(before.configuration.sparsity, 1e-4);
    const { channels, channelsBefore, removed, layers } = after.pruned;
    assert.ok(Math.abs(removed - 0.5) < 0.05, `${removed}`);
    assert.equal(removed, 1 - channels / channelsBefore);
    assert.ok(layers.length > 5 && layers.every((layer) => layer.channels < layer.channelsBefore));
    assert.ok(after.configuration.parameterCount < 0.7 * before.configuration.parameterCount);
    assert.equal(after.initialization?.source, "flowers:1");
  });

  await t.test("a comparison of both runs has the settings of the pruning", async () => {
    const { compareRuns } = await viewer.ask(COMPARE, { ids: [base, id] });
    const values = new Map(compareRuns.configuration.map(({ path, values }) => [path, values]));
    assert.deepEqual(values.get("pruning.from"), [null, "flowers:1"]);
    assert.deepEqual(values.get("sparsity"), ["0.0001", "0"]);
  });

  await t.test("the pruned run is registered and classifies", async () => {
    const version = await register(server, "small", id);
    const { run } = await viewer.ask(PRUNED, { id });
    assert.deepEqual(version.pruned, run?.pruned);
    assert.equal(version.parameterCount, run?.configuration.parameterCount);
    const { datasetVersion } = await viewer.ask(SAMPLE, { ref: dataset });
    const sampleId = datasetVersion?.samples.nodes[0]?.id;
    assert.ok(sampleId);
    const { classify } = await viewer.ask(CLASSIFY, {
      input: { model: "small:1", images: [{ sampleId }] },
    });
    assert.deepEqual(classify.userErrors, []);
    assert.equal(classify.results[0]?.__typename, "ImageClassification");
  });

  await t.test("the pruned run is extended with its network", async () => {
    const { run: before } = await viewer.ask(PRUNED, { id });
    await extendRun(server, id, 3);
    await awaitRun(server, id);
    const { run: after } = await viewer.ask(PRUNED, { id });
    assert.deepEqual([after?.state, after?.pruned], ["SUCCEEDED", before?.pruned]);
  });

  await t.test("a launch with another network is refused with the settings that differ", async () => {
    const configuration = {
      ...NETWORK,
      architecture: "RESNET34",
      pruning: { from: "flowers", channels: 0.5 },
    } as const;
    const { launchRun: payload } = await editor.ask(LAUNCH, {
      input: { experiment: "flowers", dataset, configuration },
    });
    const [error] = payload.userErrors;
    assert.equal(error?.code, "CONFIGURATION_INVALID");
    assert.match(error.message, /flowers:1 has architecture RESNET18. Received architecture RESNET34/);
    assert.deepEqual(error.path, ["configuration", "pruning", "from"]);
  });
});

async function register({ editor }: TestServer, model: string, runId: string) {
  const { registerModelVersion: payload } = await editor.ask(REGISTER, { model, runId });
  assert.deepEqual(payload.userErrors, []);
  assert.ok(payload.modelVersion);
  return payload.modelVersion;
}

graphql(`fragment PruningWidths on PrunedNetwork {
  channelsBefore channels removed layers { name channelsBefore channels }
}`);

const PRUNED = graphql(`query PruningPruned($id: ID!) {
  run(id: $id) {
    state endDetail
    initialization { source }
    configuration {
      parameterCount sparsity pruning { from channels criterion minimumChannels multipleOf }
    }
    pruned { ...PruningWidths }
  }
}`);

const REGISTER = graphql(`mutation PruningRegister($model: String!, $runId: ID!) {
  registerModelVersion(input: { model: $model, runId: $runId }) {
    modelVersion { parameterCount pruned { ...PruningWidths } }
    userErrors { code message }
  }
}`);

const CHAMPION = graphql(`mutation PruningChampion {
  setModelAlias(input: { model: "flowers", alias: "champion", version: 1 }) { userErrors { code } }
}`);

const COMPARE = graphql(`query PruningCompare($ids: [ID!]!) {
  compareRuns(runIds: $ids) { configuration { path values } }
}`);

const SAMPLE = graphql(`query PruningSample($ref: String!) {
  datasetVersion(ref: $ref) { samples(first: 1) { nodes { id } } }
}`);

const CLASSIFY = graphql(`mutation PruningClassify($input: ClassifyInput!) {
  classify(input: $input) { results { __typename } userErrors { code message } }
}`);

const LAUNCH = graphql(`mutation PruningLaunch($input: LaunchRunInput!) {
  launchRun(input: $input) { userErrors { code message path } }
}`);
