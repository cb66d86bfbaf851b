import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import type { ResultOf } from "@graphql-typed-document-node/core";
import { graphql } from "../../../src/client/generated/gql.js";
import type { RunConfigurationInput } from "../../../src/client/generated/graphql.js";
import { importFlowers, launchRun } from "../../testkit/api/flower-job.js";
import { GraphqlClient } from "../../testkit/api/graphql-client.js";
import { startTestServer, type TestServer } from "../../testkit/api/server.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

const EPOCHS = 4;
const CONFIGURATION: RunConfigurationInput = {
  architecture: "VGG11",
  widthMultiplier: 0.0625,
  imageSizePixels: 32,
  head: { kind: "GLOBAL_AVERAGE_POOLING" },
  batchSize: 8,
  epochs: EPOCHS,
};

const WATCH_RUN = graphql(`subscription WholeJobRunEvents($id: ID!, $after: String) {
  runEvents(runId: $id, after: $after) {
    __typename cursor sequence at run { id state }
    ... on EpochCompleted { epoch { number validationTop1 { value kind } } improved }
    ... on RunStateChanged { from to reason detail }
    ... on CheckpointSaved { checkpoint { epoch step best sizeBytes } }
    ... on TrainingProgress { loss { value kind } }
  }
}`);

type RunEvent = ResultOf<typeof WATCH_RUN>["runEvents"];

const RUN_EVENTS_PAGE = graphql(`query WholeJobRunEventsPage($id: ID!) {
  run(id: $id) { events(first: 200) { nodes { sequence } pageInfo { hasNextPage } } }
}`);

const TEST_SAMPLES = graphql(`query WholeJobTestSamples {
  datasetVersion(ref: "flowers") {
    samples(first: 2, filter: { split: TEST }) { nodes { id imageUrl } }
  }
}`);

const CANCEL_RUN = graphql(`mutation WholeJobCancel($id: ID!) {
  cancelRun(input: { runId: $id }) { run { state endReason } userErrors { code } }
}`);

const ENGINE = graphql(`query WholeJobEngine { system { engine { status currentRun { id } } } }`);

const REGISTER = graphql(`mutation WholeJobRegister($input: RegisterModelVersionInput!) {
  registerModelVersion(input: $input) { modelVersion { ref number } userErrors { code message } }
}`);

const ARCHIVE = graphql(`query WholeJobArchive($ref: String!) {
  modelVersion(ref: $ref) { id classNames archive { fileName url sizeBytes sha256 } }
}`);

const SET_ALIAS = graphql(`mutation WholeJobAlias($input: SetModelAliasInput!) {
  setModelAlias(input: $input) { model { aliases { name version { ref } } } }
}`);

test("images are imported, two runs are trained and compared, and the better one classifies images", async (t) => {
  await using server = await startTestServer();
  const datasetRef = await importFlowers(server);
  const plain = await launchRun(server, datasetRef, { ...CONFIGURATION, seed: 1 });
  const normalized = await launchRun(server, datasetRef, {
    ...CONFIGURATION,
    seed: 1,
    batchNormalization: true,
  });

  await t.test(
    "a subscriber that reconnects after epoch 2 with its cursor receives every event once",
    async () => {
      const before = await eventsUntil(server, plain, (event) => epochOf(event) === 2);
      const cursor = before.at(-1)?.cursor ?? "";
      const rest: RunEvent[] = [];
      for await (const event of eventsOf(server.viewer, plain, cursor)) rest.push(event);

      const durable = [...before, ...rest].filter((event) => event.__typename !== "TrainingProgress");
      assert.deepEqual(
        durable.map(({ sequence }) => sequence),
        durable.map((_event, index) => index + 1),
      );
      const epochs = durable.filter((event) => event.__typename === "EpochCompleted").map(epochOf);
      assert.deepEqual(epochs, [1, 2, 3, 4]);
      const last = durable.at(-1);
      assert.ok(last?.__typename === "RunStateChanged");
      assert.deepEqual([last.to, last.reason, last.run.state], ["SUCCEEDED", "COMPLETED", "SUCCEEDED"]);
    },
  );

  await t.test(
    "an event has the state of its run at that time, not at the start of the subscription",
    async () => {
      const events: RunEvent[] = [];
      for await (const event of eventsOf(server.viewer, normalized, null)) events.push(event);
      assert.equal(events.at(-1)?.run.state, "SUCCEEDED");
    },
  );

  await t.test("the events of an ended run are replayed completely, also page by page", async () => {
    const replayed: RunEvent[] = [];
    for await (const event of eventsOf(server.viewer, plain, null)) replayed.push(event);
    const { run } = await server.viewer.ask(RUN_EVENTS_PAGE, { id: plain });
    const durable = replayed.filter((event) => event.__typename !== "TrainingProgress");
    assert.deepEqual(
      run?.events.nodes.map(({ sequence }) => sequence),
      durable.map(({ sequence }) => sequence),
    );
    const nothing: RunEvent[] = [];
    for await (const event of eventsOf(server.viewer, plain, durable.at(-1)?.cursor ?? null))
      nothing.push(event);
    assert.deepEqual(nothing, []);
  });

  await t.test("a run has all of its details", async () => {
    const { run } = await server.viewer.ask(RUN, { id: plain });
    assert.ok(run);
    assert.deepEqual([run.state, run.progress, run.queuePosition], ["SUCCEEDED", null, null]);
    assert.ok((run.durationSeconds ?? 0) > 0);
    assert.ok((run.trainingSeconds ?? 0) > 0);
    assert.ok((run.trainingSeconds ?? 0) <= (run.durationSeconds ?? 0));
    assert.deepEqual(
      run.epochs.map(({ number }) => number),
      [1, 2, 3, 4],
    );
    assert.deepEqual(
      run.late.map(({ number }) => number),
      [3],
    );
    assert.equal(run.checkpoints.filter(({ best }) => best).length, 1);
    assert.ok((run.environment?.threads ?? 0) >= 1);
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

  await t.test("a comparison has the differences, the better run and the requested curves", async () => {
    const { compareRuns } = await server.viewer.ask(COMPARE, { ids: [normalized, plain] });
    assert.deepEqual(compareRuns.runs, [{ id: normalized }, { id: plain }]);
    assert.deepEqual(compareRuns.configuration, [{ path: "batchNormalization", values: ["true", "false"] }]);
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
  });

  await t.test(
    "the better run is registered with an alias, which classifies; an invalid image does not affect the others",
    async () => {
      const ref = await registerAs(server, normalized, "flowers", "champion");
      assert.equal(ref, "flowers:1");
      const { datasetVersion } = await server.viewer.ask(TEST_SAMPLES);
      const [first, second] = datasetVersion?.samples.nodes ?? [];
      const bytes = await (await server.viewer.fetch(second?.imageUrl ?? "")).bytes();
      const images = [
        { sampleId: first?.id ?? "" },
        { base64: btoa("not an image") },
        { base64: Buffer.from(bytes).toString("base64") },
      ];
      const { classify } = await server.viewer.ask(CLASSIFY, {
        input: { model: "flowers@champion", images, topK: 2 },
      });
      assert.deepEqual(classify.userErrors, []);
      assert.deepEqual(
        classify.results.map(({ __typename }) => __typename),
        ["ImageClassification", "ImageFailure", "ImageClassification"],
      );
      const [classification, failure] = classify.results;
      assert.equal(failure?.__typename === "ImageFailure" && failure.reason, "NOT_AN_IMAGE");
      assert.equal(classification?.__typename === "ImageClassification" && classification.top.length, 2);
      assert.deepEqual(classify.modelVersion, { ref: "flowers:1", aliases: ["champion"] });
      assert.ok((classify.latencyMs ?? 0) > 0);
    },
  );

  await t.test("its files are downloaded as one archive, with its labels and its input", async () => {
    const { modelVersion } = await server.viewer.ask(ARCHIVE, { ref: "flowers:1" });
    assert.ok(modelVersion);
    const { fileName, url, sizeBytes, sha256 } = modelVersion.archive;
    assert.equal(fileName, "flowers-1.tar");
    const response = await server.viewer.fetch(url);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "application/x-tar");
    assert.equal(response.headers.get("content-length"), String(sizeBytes));
    assert.equal(response.headers.get("content-disposition"), "attachment; filename=flowers-1.tar");
    const etag = response.headers.get("etag") ?? "";
    const bytes = await response.bytes();
    const digest = createHash("sha256").update(bytes).digest();
    assert.deepEqual([bytes.length, digest.toString("hex"), etag], [sizeBytes, sha256, `"${sha256}"`]);
    assert.equal(response.headers.get("repr-digest"), `sha-256=:${digest.toString("base64")}:`);

    await using temporary = await temporaryFolder();
    const file = path.join(temporary.folder, fileName);
    await writeFile(file, bytes);
    await promisify(execFile)("tar", ["-xf", file, "-C", temporary.folder]);
    const sidecar = JSON.parse(
      await readFile(path.join(temporary.folder, "flowers-1", "espalier.json"), "utf8"),
    );
    assert.deepEqual(sidecar.classNames, modelVersion.classNames);
    assert.deepEqual(sidecar.inputContract.input, {
      name: "images",
      dtype: "uint8",
      shape: [null, 32, 32, 3],
    });

    const unchanged = await server.viewer.fetch(url, { headers: { "If-None-Match": etag } });
    assert.deepEqual([unchanged.status, await unchanged.text()], [304, ""]);
    const head = await server.viewer.fetch(url, { method: "HEAD" });
    assert.deepEqual([head.status, head.headers.get("content-length")], [200, String(sizeBytes)]);
    assert.equal((await server.anonymous.fetch(url)).status, 401);
    for (const unknown of ["mdv_00000000000000000000000000", "..%2F..%2Fsecret", normalized]) {
      const refused = await server.viewer.fetch(`/model-versions/${unknown}/archive`);
      assert.equal(refused.status, 404);
      assert.match(await refused.text(), /MODEL_VERSION_NOT_FOUND/);
    }
  });

  await t.test("a queued run is cancelled at once and cannot be cancelled again", async () => {
    const first = await launchRun(server, datasetRef, { ...CONFIGURATION, epochs: 200 });
    const second = await launchRun(server, datasetRef, CONFIGURATION);
    const { cancelRun } = await server.editor.ask(CANCEL_RUN, { id: second });
    assert.deepEqual(cancelRun, { run: { state: "CANCELLED", endReason: "CANCELLED" }, userErrors: [] });
    const { cancelRun: again } = await server.editor.ask(CANCEL_RUN, { id: second });
    assert.deepEqual(again, { run: null, userErrors: [{ code: "RUN_ALREADY_ENDED" }] });

    await eventsUntil(server, first, (event) => stateOf(event) === "RUNNING");
    const { system } = await server.viewer.ask(ENGINE);
    assert.deepEqual(system.engine, { status: "TRAINING", currentRun: { id: first } });
    await server.editor.ask(CANCEL_RUN, { id: first });
    const end = await eventsUntil(server, first, (event) => stateOf(event) === "CANCELLED");
    assert.equal(end.at(-1)?.run.state, "CANCELLED");
  });
});

const RUN = graphql(`query WholeJobRun($id: ID!) { run(id: $id) {
  state endReason progress { epoch } queuePosition durationSeconds trainingSeconds attempt
  epochs { number seconds } late: epochs(first: 1, after: 2) { number }
  checkpoints { epoch best sha256 } environment { product tensorflowVersion nodeVersion processor device threads precision }
  configuration { architecture parameterCount head { kind units dropout }
    optimizer { kind beta1 beta2 epsilon momentum nesterov } learningRate { kind initial warmupEpochs minimum } earlyStopping { patience } }
  metrics { key last { value } best { value } bestEpoch } metricHistory(key: "validation.loss") { points { step value at } }
} }`);

const COMPARE = graphql(`query WholeJobCompare($ids: [ID!]!) { compareRuns(runIds: $ids) {
  runs { id } configuration { path values } data { path values } environment { path values }
  metrics { key best { value kind } last { value kind } bestRun { id } }
  curves(keys: ["validation.loss"]) { key epochs series { run { id } values } }
} }`);

const CLASSIFY = graphql(`mutation WholeJobClassify($input: ClassifyInput!) { classify(input: $input) {
  results { __typename ... on ImageClassification { top { label probability } } ... on ImageFailure { reason detail } }
  modelVersion { ref aliases } latencyMs userErrors { code message }
} }`);

/** @returns the reference of the version */
async function registerAs(
  { editor }: TestServer,
  runId: string,
  model: string,
  alias: string,
): Promise<string> {
  const { registerModelVersion } = await editor.ask(REGISTER, { input: { model, runId } });
  assert.ok(registerModelVersion.modelVersion);
  const { ref, number } = registerModelVersion.modelVersion;
  const { setModelAlias } = await editor.ask(SET_ALIAS, { input: { model, alias, version: number } });
  assert.deepEqual(setModelAlias.model?.aliases, [{ name: alias, version: { ref } }]);
  return ref;
}

function epochOf(event: RunEvent): number | null {
  return event.__typename === "EpochCompleted" ? event.epoch.number : null;
}

function stateOf(event: RunEvent): string | null {
  return event.__typename === "RunStateChanged" ? event.to : null;
}

async function* eventsOf(client: GraphqlClient, id: string, after: string | null): AsyncGenerator<RunEvent> {
  for await (const { data, errors } of client.follow(WATCH_RUN, { id, after })) {
    assert.equal(errors, undefined, JSON.stringify(errors));
    if (data) yield data.runEvents;
  }
}

/** Events up to the first match, over a separate connection that is cut afterwards. */
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
