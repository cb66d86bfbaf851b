import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunConfigurationInput } from "../../../src/client/generated/graphql.js";
import { importFlowers, launchRun } from "../../testkit/flower-job.js";
import { GraphqlClient } from "../../testkit/graphql-client.js";
import { startTestServer, type TestServer } from "../../testkit/server.js";

const EPOCHS = 4;
const CONFIGURATION: RunConfigurationInput = {
  architecture: "VGG11",
  widthMultiplier: 0.0625,
  imageSizePixels: 32,
  head: { kind: "GLOBAL_AVERAGE_POOLING" },
  batchSize: 8,
  epochs: EPOCHS,
};

interface RunEvent {
  readonly __typename: string;
  readonly cursor: string;
  readonly sequence: number;
  readonly epoch?: { readonly number: number };
  readonly to?: string;
  readonly reason?: string | null;
  readonly run: { readonly id: string; readonly state: string };
}

const WATCH_RUN = `subscription Watch($id: ID!, $after: String) {
  runEvents(runId: $id, after: $after) {
    __typename cursor sequence at run { id state }
    ... on EpochCompleted { epoch { number validationTop1 { value kind } } improved }
    ... on RunStateChanged { from to reason detail }
    ... on CheckpointSaved { checkpoint { epoch step best sizeBytes } }
    ... on TrainingProgress { loss { value kind } }
  }
}`;

test("pictures in, two runs, why one beat the other, and pictures classified by the better one", async (t) => {
  await using server = await startTestServer();
  const datasetRef = await importFlowers(server);
  const plain = await launchRun(server, datasetRef, { ...CONFIGURATION, seed: 1 });
  const normalized = await launchRun(server, datasetRef, {
    ...CONFIGURATION,
    seed: 1,
    batchNormalization: true,
  });

  await t.test(
    "a subscriber who is cut off after epoch 2 and comes back with its cursor gets every event once",
    async () => {
      const before = await eventsUntil(server, plain, (event) => event.epoch?.number === 2);
      const cursor = before.at(-1)?.cursor ?? "";
      const rest: RunEvent[] = [];
      for await (const event of eventsOf(server.viewer, plain, cursor)) rest.push(event);

      const durable = [...before, ...rest].filter((event) => event.__typename !== "TrainingProgress");
      assert.deepEqual(
        durable.map(({ sequence }) => sequence),
        durable.map((_event, index) => index + 1),
      );
      const epochs = durable
        .filter((event) => event.__typename === "EpochCompleted")
        .map((event) => event.epoch?.number);
      assert.deepEqual(epochs, [1, 2, 3, 4]);
      const last = durable.at(-1);
      assert.deepEqual([last?.to, last?.reason, last?.run.state], ["SUCCEEDED", "COMPLETED", "SUCCEEDED"]);
    },
  );

  await t.test(
    "an event shows its run as it is then, not as it was when the subscription began",
    async () => {
      const events: RunEvent[] = [];
      for await (const event of eventsOf(server.viewer, normalized, null)) events.push(event);
      assert.equal(events.at(-1)?.run.state, "SUCCEEDED");
    },
  );

  await t.test("a run that has ended is replayed whole, page by page as well", async () => {
    const replayed: RunEvent[] = [];
    for await (const event of eventsOf(server.viewer, plain, null)) replayed.push(event);
    const { run } = await server.viewer.ask<{
      run: { events: { nodes: { sequence: number }[]; pageInfo: { hasNextPage: boolean } } };
    }>(
      "query Events($id: ID!) { run(id: $id) { events(first: 200) { nodes { sequence } pageInfo { hasNextPage } } } }",
      { id: plain },
    );
    const durable = replayed.filter((event) => event.__typename !== "TrainingProgress");
    assert.deepEqual(
      run.events.nodes.map(({ sequence }) => sequence),
      durable.map(({ sequence }) => sequence),
    );
    const nothing: RunEvent[] = [];
    for await (const event of eventsOf(server.viewer, plain, durable.at(-1)?.cursor ?? null))
      nothing.push(event);
    assert.deepEqual(nothing, []);
  });

  await t.test("a run says everything about itself", async () => {
    const { run } = await server.viewer.ask<{
      run: {
        state: string;
        progress: null;
        queuePosition: null;
        durationSeconds: number;
        epochs: { number: number }[];
        late: { number: number }[];
        checkpoints: { best: boolean }[];
        environment: { threads: number };
        configuration: { parameterCount: number; optimizer: object; learningRate: object; head: object };
        metricHistory: { points: { step: number }[] };
      };
    }>(RUN, { id: plain });
    assert.deepEqual([run.state, run.progress, run.queuePosition], ["SUCCEEDED", null, null]);
    assert.ok(run.durationSeconds > 0);
    assert.deepEqual(
      run.epochs.map(({ number }) => number),
      [1, 2, 3, 4],
    );
    assert.deepEqual(
      run.late.map(({ number }) => number),
      [3],
    );
    assert.equal(run.checkpoints.filter(({ best }) => best).length, 1);
    assert.ok(run.environment.threads >= 1);
    assert.deepEqual(run.configuration.optimizer, {
      kind: "adam",
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-7,
      momentum: null,
      nesterov: null,
    });
    assert.deepEqual(run.configuration.learningRate, {
      kind: "constant",
      initial: 0.001,
      warmupEpochs: 0,
      minimum: null,
    });
    assert.deepEqual(run.configuration.head, { kind: "GLOBAL_AVERAGE_POOLING", units: 4096, dropout: 0.5 });
    assert.equal(run.metricHistory.points.length, EPOCHS);
  });

  await t.test(
    "a comparison names what differs, who was better, and draws the curves on request",
    async () => {
      const { compareRuns } = await server.viewer.ask<{
        compareRuns: {
          runs: { id: string }[];
          configuration: object[];
          data: object[];
          environment: object[];
          metrics: { key: string; best: object[] }[];
          curves: { key: string; epochs: number[]; series: { run: { id: string }; values: number[] }[] }[];
        };
      }>(COMPARE, { ids: [normalized, plain] });
      assert.deepEqual(compareRuns.runs, [{ id: normalized }, { id: plain }]);
      assert.deepEqual(compareRuns.configuration, [
        { path: "batchNormalization", values: ["true", "false"] },
      ]);
      assert.deepEqual([compareRuns.data, compareRuns.environment], [[], []]);
      assert.ok(compareRuns.metrics.some(({ key, best }) => key === "validation.top1" && best.length === 2));
      const [curve] = compareRuns.curves;
      assert.deepEqual([curve?.key, curve?.epochs], ["validation.loss", [1, 2, 3, 4]]);
      assert.deepEqual(
        curve?.series.map(({ run, values }) => [run.id, values.length]),
        [
          [normalized, 4],
          [plain, 4],
        ],
      );
    },
  );

  await t.test(
    "the better run becomes a version with an alias, which classifies; a bad picture fails alone",
    async () => {
      const ref = await registerAs(server, normalized, "flowers", "champion");
      assert.equal(ref, "flowers:1");
      const { datasetVersion } = await server.viewer.ask<{
        datasetVersion: { samples: { nodes: { id: string; imageUrl: string }[] } };
      }>(
        `{ datasetVersion(ref: "flowers") { samples(first: 2, filter: { split: TEST }) { nodes { id imageUrl } } } }`,
      );
      const [first, second] = datasetVersion.samples.nodes;
      const bytes = await (await server.viewer.fetch(second?.imageUrl ?? "")).bytes();
      const images = [
        { sampleId: first?.id },
        { base64: btoa("not a picture") },
        { base64: Buffer.from(bytes).toString("base64") },
      ];
      const { classify } = await server.viewer.ask<{
        classify: {
          results: { __typename: string; top?: { label: string; probability: number }[]; reason?: string }[];
          modelVersion: { ref: string; aliases: string[] };
          latencyMs: number;
          userErrors: object[];
        };
      }>(CLASSIFY, { input: { model: "flowers@champion", images, topK: 2 } });
      assert.deepEqual(classify.userErrors, []);
      assert.deepEqual(
        classify.results.map(({ __typename }) => __typename),
        ["ImageClassification", "ImageFailure", "ImageClassification"],
      );
      assert.equal(classify.results[1]?.reason, "NOT_AN_IMAGE");
      assert.equal(classify.results[0]?.top?.length, 2);
      assert.deepEqual(classify.modelVersion, { ref: "flowers:1", aliases: ["champion"] });
      assert.ok(classify.latencyMs > 0);
    },
  );

  await t.test("a run in the queue is cancelled at once, and cannot be cancelled again", async () => {
    const first = await launchRun(server, datasetRef, { ...CONFIGURATION, epochs: 200 });
    const second = await launchRun(server, datasetRef, CONFIGURATION);
    const cancel = `mutation Cancel($id: ID!) { cancelRun(input: { runId: $id }) { run { state endReason } userErrors { code } } }`;
    const { cancelRun } = await server.editor.ask<{ cancelRun: object }>(cancel, { id: second });
    assert.deepEqual(cancelRun, { run: { state: "CANCELLED", endReason: "CANCELLED" }, userErrors: [] });
    const { cancelRun: again } = await server.editor.ask<{ cancelRun: object }>(cancel, { id: second });
    assert.deepEqual(again, { run: null, userErrors: [{ code: "RUN_ALREADY_ENDED" }] });

    await eventsUntil(server, first, (event) => event.to === "RUNNING");
    const { system } = await server.viewer.ask<{ system: { engine: object } }>(
      "{ system { engine { status currentRun { id } } } }",
    );
    assert.deepEqual(system.engine, { status: "TRAINING", currentRun: { id: first } });
    await server.editor.ask(cancel, { id: first });
    const end = await eventsUntil(server, first, (event) => event.to === "CANCELLED");
    assert.equal(end.at(-1)?.run.state, "CANCELLED");
  });
});

const RUN = `query Run($id: ID!) { run(id: $id) {
  state endReason progress { epoch } queuePosition durationSeconds attempt
  epochs { number seconds } late: epochs(first: 1, after: 2) { number }
  checkpoints { epoch best sha256 } environment { product tensorflowVersion nodeVersion processor device threads precision }
  configuration { architecture parameterCount head { kind units dropout }
    optimizer { kind beta1 beta2 epsilon momentum nesterov } learningRate { kind initial warmupEpochs minimum } earlyStopping { patience } }
  metrics { key last { value } best { value } bestEpoch } metricHistory(key: "validation.loss") { points { step value at } }
} }`;

const COMPARE = `query Compare($ids: [ID!]!) { compareRuns(runIds: $ids) {
  runs { id } configuration { path values } data { path values } environment { path values }
  metrics { key best { value kind } last { value kind } bestRun { id } }
  curves(keys: ["validation.loss"]) { key epochs series { run { id } values } }
} }`;

const CLASSIFY = `mutation Classify($input: ClassifyInput!) { classify(input: $input) {
  results { __typename ... on ImageClassification { top { label probability } } ... on ImageFailure { reason detail } }
  modelVersion { ref aliases } latencyMs userErrors { code message }
} }`;

/** @returns the reference of the version */
async function registerAs(
  { editor }: TestServer,
  runId: string,
  model: string,
  alias: string,
): Promise<string> {
  const { registerModelVersion } = await editor.ask<{
    registerModelVersion: { modelVersion: { ref: string; number: number } };
  }>(
    "mutation Register($input: RegisterModelVersionInput!) { registerModelVersion(input: $input) { modelVersion { ref number } userErrors { code message } } }",
    { input: { model, runId } },
  );
  const { ref, number } = registerModelVersion.modelVersion;
  const { setModelAlias } = await editor.ask<{ setModelAlias: { model: { aliases: object[] } } }>(
    "mutation Alias($input: SetModelAliasInput!) { setModelAlias(input: $input) { model { aliases { name version { ref } } } } }",
    { input: { model, alias, version: number } },
  );
  assert.deepEqual(setModelAlias.model.aliases, [{ name: alias, version: { ref } }]);
  return ref;
}

async function* eventsOf(client: GraphqlClient, id: string, after: string | null): AsyncGenerator<RunEvent> {
  for await (const { data, errors } of client.follow<{ runEvents: RunEvent }>(WATCH_RUN, { id, after })) {
    assert.equal(errors, undefined, JSON.stringify(errors));
    if (data) yield data.runEvents;
  }
}

/** Events up to the first that fits, over a connection of its own that is cut there. */
async function eventsUntil(
  server: TestServer,
  id: string,
  fits: (event: RunEvent) => boolean,
): Promise<RunEvent[]> {
  await using client = new GraphqlClient(server.url, server.viewer.token);
  const events: RunEvent[] = [];
  for await (const event of eventsOf(client, id, null)) {
    events.push(event);
    if (fits(event)) return events;
  }
  return events;
}
