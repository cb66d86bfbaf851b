import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import type { ResultOf } from "@graphql-typed-document-node/core";
import { graphql } from "../../../src/client/generated/gql.js";
import type { RunConfigurationInput } from "../../../src/client/generated/graphql.js";
import { awaitRun, importFlowers, launchRun } from "../../testkit/api/flower-job.js";
import { controlRun, deleteRun, extendRun } from "../../testkit/api/run-control.js";
import { startTestServer, type TestServer } from "../../testkit/api/server.js";

const CONFIGURATION: RunConfigurationInput = {
  architecture: "VGG11",
  widthMultiplier: 0.0625,
  imageSizePixels: 32,
  batchNormalization: true,
  head: { kind: "GLOBAL_AVERAGE_POOLING", dropout: 0.2 },
  optimizer: { adamW: {} },
  augmentation: { horizontalFlip: true },
  precision: "FLOAT32",
  batchSize: 4,
  epochs: 8,
};

const OUTCOME = graphql(`query ControllingOutcome($id: ID!) {
  run(id: $id) {
    state endReason attempt
    epochs { number trainLoss { value } validationLoss { value } validationTop1 { value } learningRate }
    checkpoints { epoch step best sha256 }
    metricHistory(key: "validation.loss") { points { step value } }
  }
}`);

type Outcome = NonNullable<ResultOf<typeof OUTCOME>["run"]>;

const EVENT_KINDS = graphql(`subscription ControllingEventKinds($id: ID!) {
  runEvents(runId: $id) { __typename }
}`);

const REGISTER = graphql(`mutation ControllingRegister($id: ID!) {
  registerModelVersion(input: { model: "flowers", runId: $id }) { modelVersion { ref } userErrors { code } }
}`);

const RUN_ID = graphql(`query ControllingRunId($id: ID!) { run(id: $id) { id } }`);

const VERSION_RUN = graphql(`query ControllingVersionRun { modelVersion(ref: "flowers:1") { run { id } } }`);

const ARTIFACTS = graphql(`query ControllingArtifacts($id: ID!) { run(id: $id) { artifacts { url } } }`);

test("runs that are paused, retried and extended end with the weights of uninterrupted runs, and runs are deleted", async (t) => {
  await using server = await startTestServer();
  const dataset = await importFlowers(server, 8);
  const launch = (configuration: RunConfigurationInput = {}) =>
    launchRun(server, dataset, { ...CONFIGURATION, ...configuration });
  const undisturbed = await launch();
  await awaitRun(server, undisturbed);
  const expected = await outcomeOf(server, undisturbed);
  assert.deepEqual([expected.state, expected.epochs.length], ["SUCCEEDED", 8]);

  await t.test(
    "a paused run frees its device for the next run, and ends with the same bytes after it was resumed",
    async () => {
      const id = await launch();
      await reach(server, id, "EpochCompleted");
      await controlRun(server, "pauseRun", id);
      const other = await launch({ epochs: 1, seed: 9 });
      await awaitRun(server, other);
      const paused = await outcomeOf(server, id);
      assert.equal(paused.state, "PAUSED");
      assert.ok(paused.epochs.length < 8);
      assert.ok(paused.checkpoints.length > 0);
      await controlRun(server, "resumeRun", id);
      await awaitRun(server, id);
      assert.deepEqual(learned(await outcomeOf(server, id)), learned(expected));
    },
  );

  await t.test("a cancelled run that is retried ends with the same bytes", async () => {
    const id = await launch();
    await reach(server, id, "EpochCompleted");
    await controlRun(server, "cancelRun", id);
    await awaitRun(server, id);
    assert.equal((await outcomeOf(server, id)).state, "CANCELLED");
    await controlRun(server, "retryRun", id);
    await awaitRun(server, id);
    const run = await outcomeOf(server, id);
    assert.deepEqual(learned(run), learned(expected));
    assert.deepEqual([run.state, run.endReason, run.attempt], ["SUCCEEDED", "COMPLETED", 2]);
  });

  await t.test("an extended run with a constant rate ends with the weights of a longer run", async () => {
    const id = await launch({ epochs: 2 });
    await awaitRun(server, id);
    assert.equal((await outcomeOf(server, id)).state, "SUCCEEDED");
    await extendRun(server, id, 8);
    await awaitRun(server, id);
    assert.deepEqual(learned(await outcomeOf(server, id)), learned(expected));
  });

  await t.test("a run that stopped early regains its full patience when it is extended", async () => {
    // No epoch gains this much, so the first epoch stays the best.
    const id = await launch({ earlyStopping: { patience: 1, minDelta: 100 }, epochs: 5 });
    await awaitRun(server, id);
    const stopped = await outcomeOf(server, id);
    assert.deepEqual([stopped.endReason, stopped.epochs.length], ["EARLY_STOPPED", 2]);
    await extendRun(server, id, 5);
    await awaitRun(server, id);
    const extended = await outcomeOf(server, id);
    assert.deepEqual([extended.endReason, extended.epochs.length], ["EARLY_STOPPED", 4]);
  });

  await t.test("a run with a model version cannot be deleted, and another run can", async () => {
    const { registerModelVersion } = await server.editor.ask(REGISTER, { id: undisturbed });
    assert.deepEqual(registerModelVersion, { modelVersion: { ref: "flowers:1" }, userErrors: [] });
    const refused = await deleteRun(server, undisturbed);
    assert.equal(refused.deletedId, null);
    assert.equal(refused.userErrors[0]?.code, "RUN_HAS_DEPENDENTS");
    assert.match(refused.userErrors[0]?.message ?? "", /: flowers:1\./);

    const id = await launch({ epochs: 1, seed: 3 });
    await awaitRun(server, id);
    const files = await readdir(path.join(server.homeFolder, "runs"));
    assert.ok(files.includes(id));
    const artifacts = await artifactsOf(server, id);
    assert.ok(artifacts.length > 0);
    assert.deepEqual(await deleteRun(server, id), { deletedId: id, userErrors: [] });
    assert.deepEqual(await server.viewer.ask(RUN_ID, { id }), { run: null });
    assert.deepEqual(
      await readdir(path.join(server.homeFolder, "runs")),
      files.filter((file) => file !== id),
    );
    for (const url of artifacts) assert.equal((await server.viewer.fetch(url)).status, 404, url);
    const classified = await server.viewer.ask(VERSION_RUN);
    assert.deepEqual(classified, { modelVersion: { run: { id: undisturbed } } });
  });
  assert.deepEqual(server.errorLog, []);
});

/** Results of a run without its attempts and times. */
function learned({ epochs, checkpoints, metricHistory }: Outcome): object {
  return { epochs, metricHistory, checkpoints: checkpoints.filter(({ best, epoch }) => best || epoch === 8) };
}

async function outcomeOf({ viewer }: TestServer, id: string): Promise<Outcome> {
  const { run } = await viewer.ask(OUTCOME, { id });
  assert.ok(run);
  return run;
}

/** Follows the run until an event of this kind. */
async function reach({ viewer }: TestServer, id: string, kind: string): Promise<void> {
  for await (const { data } of viewer.follow(EVENT_KINDS, { id })) {
    if (data?.runEvents.__typename === kind) return;
  }
  assert.fail(`The run ended before ${kind}.`);
}

async function artifactsOf({ viewer }: TestServer, id: string): Promise<string[]> {
  const { run } = await viewer.ask(ARTIFACTS, { id });
  assert.ok(run);
  return run.artifacts.map(({ url }) => url);
}
