import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import type { RunConfigurationInput } from "../../../src/client/generated/graphql.js";
import { awaitRun, importFlowers, launchRun } from "../../testkit/flower-job.js";
import { startTestServer, type TestServer } from "../../testkit/server.js";

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

interface Outcome {
  readonly run: {
    readonly state: string;
    readonly endReason: string | null;
    readonly attempt: number;
    readonly epochs: readonly object[];
    readonly checkpoints: readonly {
      readonly epoch: number;
      readonly best: boolean;
      readonly sha256: string;
    }[];
    readonly metricHistory: { readonly points: readonly object[] };
  };
}

const OUTCOME = `query Outcome($id: ID!) {
  run(id: $id) {
    state endReason attempt
    epochs { number trainLoss { value } validationLoss { value } validationTop1 { value } learningRate }
    checkpoints { epoch step best sha256 }
    metricHistory(key: "validation.loss") { points { step value } }
  }
}`;

test("runs are paused, retried, extended and deleted, and learn what they would have learnt without", async (t) => {
  await using server = await startTestServer();
  const dataset = await importFlowers(server, 8);
  const launch = (configuration: RunConfigurationInput = {}) =>
    launchRun(server, dataset, { ...CONFIGURATION, ...configuration });
  const undisturbed = await launch();
  await awaitRun(server, undisturbed);
  const expected = await outcomeOf(server, undisturbed);
  assert.deepEqual([expected.run.state, expected.run.epochs.length], ["SUCCEEDED", 8]);

  await t.test(
    "a paused run gives its device to the next, and resumed it ends with the same bytes",
    async () => {
      const id = await launch();
      await reach(server, id, "EpochCompleted");
      await control(server, "pauseRun", id);
      const other = await launch({ epochs: 1, seed: 9 });
      await awaitRun(server, other);
      const paused = await outcomeOf(server, id);
      assert.equal(paused.run.state, "PAUSED");
      assert.ok(paused.run.epochs.length < 8);
      assert.ok(paused.run.checkpoints.length > 0);
      await control(server, "resumeRun", id);
      await awaitRun(server, id);
      assert.deepEqual(learnt(await outcomeOf(server, id)), learnt(expected));
    },
  );

  await t.test("a run that was cancelled and is retried ends with the same bytes", async () => {
    const id = await launch();
    await reach(server, id, "EpochCompleted");
    await control(server, "cancelRun", id);
    await awaitRun(server, id);
    assert.equal((await outcomeOf(server, id)).run.state, "CANCELLED");
    await control(server, "retryRun", id);
    await awaitRun(server, id);
    const { run } = await outcomeOf(server, id);
    assert.deepEqual(learnt({ run }), learnt(expected));
    assert.deepEqual([run.state, run.endReason, run.attempt], ["SUCCEEDED", "COMPLETED", 2]);
  });

  await t.test("a run with a constant rate that is extended learns what a longer one learns", async () => {
    const id = await launch({ epochs: 2 });
    await awaitRun(server, id);
    assert.equal((await outcomeOf(server, id)).run.state, "SUCCEEDED");
    await control(server, "extendRun", id, ", epochs: 8");
    await awaitRun(server, id);
    assert.deepEqual(learnt(await outcomeOf(server, id)), learnt(expected));
  });

  await t.test("a run that stopped early and is extended has its whole patience again", async () => {
    // Nothing gains so much, so the first epoch stays the best.
    const id = await launch({ earlyStopping: { patience: 1, minDelta: 100 }, epochs: 5 });
    await awaitRun(server, id);
    const stopped = await outcomeOf(server, id);
    assert.deepEqual([stopped.run.endReason, stopped.run.epochs.length], ["EARLY_STOPPED", 2]);
    await control(server, "extendRun", id, ", epochs: 5");
    await awaitRun(server, id);
    const extended = await outcomeOf(server, id);
    assert.deepEqual([extended.run.endReason, extended.run.epochs.length], ["EARLY_STOPPED", 4]);
  });

  await t.test("a run that a model version was made of stays until another one can go", async () => {
    const { registerModelVersion } = await server.editor.ask<{ registerModelVersion: object }>(
      `mutation Register($id: ID!) {
        registerModelVersion(input: { model: "flowers", runId: $id }) { modelVersion { ref } userErrors { code } }
      }`,
      { id: undisturbed },
    );
    assert.deepEqual(registerModelVersion, { modelVersion: { ref: "flowers:1" }, userErrors: [] });
    const refused = await deletionOf(server, undisturbed);
    assert.equal(refused.deletedId, null);
    assert.equal(refused.userErrors[0]?.code, "RUN_HAS_DEPENDENTS");
    assert.match(refused.userErrors[0]?.message ?? "", /: flowers:1\./);

    const id = await launch({ epochs: 1, seed: 3 });
    await awaitRun(server, id);
    const files = await readdir(path.join(server.homeFolder, "runs"));
    assert.ok(files.includes(id));
    const artifacts = await artifactsOf(server, id);
    assert.ok(artifacts.length > 0);
    assert.deepEqual(await deletionOf(server, id), { deletedId: id, userErrors: [] });
    assert.deepEqual(await server.viewer.ask("query Gone($id: ID!) { run(id: $id) { id } }", { id }), {
      run: null,
    });
    assert.deepEqual(
      await readdir(path.join(server.homeFolder, "runs")),
      files.filter((file) => file !== id),
    );
    for (const url of artifacts) assert.equal((await server.viewer.fetch(url)).status, 404, url);
    const classified = await server.viewer.ask<{ modelVersion: object }>(
      '{ modelVersion(ref: "flowers:1") { run { id } } }',
    );
    assert.deepEqual(classified, { modelVersion: { run: { id: undisturbed } } });
  });
  assert.deepEqual(server.errorLog, []);
});

/** What a run learnt, as against how and when. */
function learnt({ run }: Outcome): object {
  const { epochs, checkpoints, metricHistory } = run;
  return { epochs, metricHistory, checkpoints: checkpoints.filter(({ best, epoch }) => best || epoch === 8) };
}

function outcomeOf({ viewer }: TestServer, id: string): Promise<Outcome> {
  return viewer.ask<Outcome>(OUTCOME, { id });
}

/** Follows the run until such an event comes. */
async function reach({ viewer }: TestServer, id: string, kind: string): Promise<void> {
  const query = "subscription Watch($id: ID!) { runEvents(runId: $id) { __typename } }";
  for await (const { data } of viewer.follow<{ runEvents: { __typename: string } }>(query, { id })) {
    if (data?.runEvents.__typename === kind) return;
  }
  assert.fail(`The run ended before ${kind}.`);
}

async function control({ editor }: TestServer, mutation: string, id: string, more = ""): Promise<void> {
  const document = `mutation Control($id: ID!) {
    payload: ${mutation}(input: { runId: $id${more} }) { run { id } userErrors { code message } }
  }`;
  const { payload } = await editor.ask<{ payload: object }>(document, { id });
  assert.deepEqual(payload, { run: { id }, userErrors: [] });
}

async function artifactsOf({ viewer }: TestServer, id: string): Promise<string[]> {
  const { run } = await viewer.ask<{ run: { artifacts: readonly { url: string }[] } }>(
    "query Artifacts($id: ID!) { run(id: $id) { artifacts { url } } }",
    { id },
  );
  return run.artifacts.map(({ url }) => url);
}

async function deletionOf(
  { editor }: TestServer,
  id: string,
): Promise<{ deletedId: string | null; userErrors: readonly { code: string; message: string }[] }> {
  const { deleteRun } = await editor.ask<{
    deleteRun: { deletedId: string | null; userErrors: readonly { code: string; message: string }[] };
  }>(
    "mutation Delete($id: ID!) { deleteRun(input: { runId: $id }) { deletedId userErrors { code message } } }",
    {
      id,
    },
  );
  return deleteRun;
}
