import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { ResultOf, VariablesOf } from "@graphql-typed-document-node/core";
import pg from "pg";
import { graphql } from "../../../src/client/generated/gql.js";
import type { RunFilter } from "../../../src/client/generated/graphql.js";
import { newId } from "../../../src/core/ids.js";
import { MetricStore } from "../../../src/training/record/metric-store.js";
import { startTestServer, type TestServer } from "../../testkit/api/server.js";
import { rawSql } from "../../testkit/postgres/raw-sql.js";
import { insertTrainedRun } from "../../testkit/trained-run.js";

let server: TestServer;

before(async () => {
  server = await startTestServer();
});
after(() => server[Symbol.asyncDispose]());

const EXPERIMENTS = graphql(`query ListsExperiments($first: Int, $after: String) {
  experiments(first: $first, after: $after) {
    nodes { name }
    edges { cursor node { name } }
    pageInfo { hasNextPage endCursor }
  }
}`);

const PAGE_OF_EXPERIMENTS =
  graphql(`query ListsPage($first: Int, $after: String, $last: Int, $before: String) {
  experiments(first: $first, after: $after, last: $last, before: $before) {
    nodes { name }
    totalCount
    pageInfo { hasPreviousPage hasNextPage startCursor endCursor }
  }
}`);

const MODELS = graphql(`query ListsModels($first: Int, $last: Int) {
  models(first: $first, last: $last) {
    nodes { id }
    totalCount
    pageInfo { hasPreviousPage hasNextPage startCursor endCursor }
  }
}`);

const TIMED_EXPERIMENT = graphql(`query ListsTimedExperiment { experiment(name: "timed") { createdAt } }`);

const RELATIONS = graphql(`query ListsRelations($id: ID!) {
  run(id: $id) { id experiment { id } datasetVersion { id dataset { id } } }
}`);

const NODE = graphql(`query ListsNode($id: ID!) { node(id: $id) { __typename id } }`);

const RUNS_WITH_RELATIONS = graphql(`query ListsRunsWithRelations($first: Int!) {
  runs(first: $first) {
    nodes {
      id
      experiment { name }
      datasetVersion { ref dataset { name latestVersion { ref } } classes { name train } splits { split } }
      metrics { key }
      checkpoints { epoch }
      modelVersions { ref aliases model { name aliases { name } } }
      queuePosition
      epochs { number }
    }
  }
}`);

const RUNS = graphql(`query ListsRuns($filter: RunFilter) {
  runs(filter: $filter, orderBy: { field: CREATED_AT, direction: ASC }) { nodes { id } }
}`);

const RUNS_OF_EXPERIMENT = graphql(`query ListsRunsOfExperiment($name: String!, $filter: RunFilter) {
  experiment(name: $name) { runs(filter: $filter) { nodes { id } } }
}`);

const EXPERIMENT_OF_RUN = graphql(`query ListsExperimentOfRun($id: ID!) {
  run(id: $id) { experiment { name } }
}`);

const POINTS = graphql(`query ListsPoints($id: ID!, $first: Int, $after: String) {
  run(id: $id) {
    metricPoints(key: "batch.loss", first: $first, after: $after) {
      nodes { step value kind }
      pageInfo { hasNextPage endCursor }
    }
  }
}`);

const LAST_POINTS = graphql(`query ListsLastPoints($id: ID!) {
  run(id: $id) { metricPoints(key: "batch.loss", last: 2) { nodes { step } } }
}`);

const METRICS = graphql(`query ListsMetrics($id: ID!) {
  run(id: $id) {
    metrics { key last { value kind } best { value kind } bestEpoch }
    metricHistory(key: "train.loss") { key totalPoints thinned points { step value kind } }
  }
}`);

const CREATE_EXPERIMENT = graphql(`mutation ListsCreateExperiment($name: String!) {
  createExperiment(input: { name: $name }) { userErrors { code } }
}`);

test("a list read page by page has every item once, whatever is added in the meantime", async () => {
  const names = Array.from({ length: 7 }, (_, index) => `paged-${index}`);
  for (const name of names) await createExperiment(name);
  const seen: string[] = [];
  let after: string | null = null;
  for (let page = 0; ; page++) {
    const { experiments }: ResultOf<typeof EXPERIMENTS> = await server.viewer.ask(EXPERIMENTS, {
      first: 3,
      after,
    });
    assert.deepEqual(
      experiments.edges.map(({ node }) => node),
      experiments.nodes,
    );
    assert.equal(experiments.pageInfo.endCursor, experiments.edges.at(-1)?.cursor ?? null);
    seen.push(...experiments.nodes.map(({ name }) => name));
    await createExperiment(`meanwhile-${page}`);
    if (!experiments.pageInfo.hasNextPage) break;
    after = experiments.pageInfo.endCursor;
  }
  assert.deepEqual(seen, names.toReversed());
});

test("a list is read backward from its end, and from any cursor in both directions", async () => {
  const names = Array.from({ length: 5 }, (_, index) => `backward-${index}`);
  for (const name of names) await createExperiment(name);
  const ask = async (page: VariablesOf<typeof PAGE_OF_EXPERIMENTS>) =>
    (await server.viewer.ask(PAGE_OF_EXPERIMENTS, page)).experiments;

  const everything = await ask({ first: 200 });
  assert.equal(everything.totalCount, everything.nodes.length);
  const { hasPreviousPage, hasNextPage } = everything.pageInfo;
  assert.deepEqual([hasPreviousPage, hasNextPage], [false, false]);

  const seen: object[] = [];
  let before: string | null = null;
  for (let page = 0; ; page++) {
    const { nodes, pageInfo }: Awaited<ReturnType<typeof ask>> = await ask({ last: 2, before });
    assert.equal(pageInfo.hasNextPage, page > 0);
    seen.unshift(...nodes);
    if (page === 0) await createExperiment("while-read-backward");
    if (!pageInfo.hasPreviousPage) break;
    before = pageInfo.startCursor;
  }
  assert.deepEqual(seen, [{ name: "while-read-backward" }, ...everything.nodes]);

  const head = await ask({ first: 3 });
  assert.equal(head.nodes[0]?.name, "while-read-backward");
  const next = await ask({ first: 2, after: head.pageInfo.endCursor });
  assert.deepEqual([next.pageInfo.hasPreviousPage, next.pageInfo.hasNextPage], [true, true]);
  const back = await ask({ last: 3, before: next.pageInfo.startCursor });
  assert.deepEqual(back, head);
  // Without `first` and `last`, the page is the one next to the cursor.
  assert.deepEqual((await ask({ before: next.pageInfo.startCursor })).nodes, head.nodes);
  assert.deepEqual((await ask({ after: head.pageInfo.endCursor })).nodes.slice(0, 2), next.nodes);
});

test("a page reads its surroundings only when they are selected", async () => {
  const { experiments } = await server.viewer.ask(PAGE_OF_EXPERIMENTS, { first: 1 });
  const statements = async (fields: string): Promise<number> => {
    const query = `query After($after: String) { experiments(first: 1, after: $after) { ${fields} } }`;
    const sent = await statementsOf(() =>
      server.viewer.ask(query, { after: experiments.pageInfo.endCursor }),
    );
    return sent.length;
  };
  const plain = await statements("nodes { name } pageInfo { hasNextPage startCursor endCursor }");
  assert.equal(await statements("pageInfo { hasPreviousPage }"), plain + 1);
  assert.equal(await statements("totalCount"), plain + 1);
});

test("an empty list has no cursors and no other pages", async () => {
  const pages: VariablesOf<typeof MODELS>[] = [{ first: 1 }, { last: 1 }];
  for (const page of pages) {
    const { models } = await server.viewer.ask(MODELS, page);
    assert.deepEqual(models, {
      nodes: [],
      totalCount: 0,
      pageInfo: { hasPreviousPage: false, hasNextPage: false, startCursor: null, endCursor: null },
    });
  }
});

test("a page has 1 to 200 items, and cursors of other lists are refused", async () => {
  for (const first of [0, -1, 201]) {
    const { errors } = await server.viewer.send(EXPERIMENTS, { first });
    assert.equal(errors?.[0]?.extensions.code, "FIRST_INVALID", String(first));
    assert.deepEqual(errors?.[0]?.path, ["experiments"]);
  }
  for (const [page, code, message] of [
    ["last: 0", "LAST_INVALID", /`last` must be from 1 to 200\. Received 0/],
    ["last: -3", "LAST_INVALID", /Received -3/],
    ["last: 201", "LAST_INVALID", /Received 201/],
    ["first: 1, last: 1", "PAGE_INVALID", /`first` and `last` exclude each other/],
    ['last: 1, before: "nonsense"', "CURSOR_INVALID", /Leave `before` out/],
    ['first: 1, before: "nonsense"', "CURSOR_INVALID", /Leave `before` out/],
  ] as const) {
    const { errors } = await server.viewer.send(`{ experiments(${page}) { nodes { id } } }`);
    assert.equal(errors?.[0]?.extensions.code, code, page);
    assert.match(errors[0].message, message);
  }
  for (const after of ["nonsense", "", btoa("[1]")]) {
    const { errors } = await server.viewer.send(EXPERIMENTS, { after });
    assert.equal(errors?.[0]?.extensions.code, "CURSOR_INVALID", after);
  }
  assert.equal((await server.viewer.send(EXPERIMENTS, { first: 200 })).errors, undefined);
  assert.equal((await server.viewer.send(EXPERIMENTS, { first: null, after: null })).errors, undefined);
});

test("times are UTC with milliseconds", async () => {
  await createExperiment("timed");
  const { experiment } = await server.viewer.ask(TIMED_EXPERIMENT);
  assert.match(experiment?.createdAt ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test("every object with an id is found by it", async () => {
  const { runId, datasetVersionId } = await insertTrainedRun(server.database);
  const { sampleId } = await insertSample(datasetVersionId);
  const { run } = await server.viewer.ask(RELATIONS, { id: runId });
  assert.ok(run);
  for (const [type, id] of [
    ["Run", run.id],
    ["Experiment", run.experiment.id],
    ["DatasetVersion", run.datasetVersion.id],
    ["Dataset", run.datasetVersion.dataset.id],
    ["Sample", sampleId],
  ] as const) {
    const { node } = await server.viewer.ask(NODE, { id });
    assert.deepEqual(node, { __typename: type, id });
  }
});

test("a missing object is null, not an error", async () => {
  const answer = await server.viewer.ask(`{
    node(id: "nothing") { id } other: node(id: "${newId("run")}") { id } upload: node(id: "${newId("upload")}") { id }
    dataset(name: "nothing") { id } datasetVersion(ref: "nothing:3") { id } experiment(name: "nothing") { id }
    run(id: "${newId("run")}") { id } model(name: "nothing") { id } modelVersion(ref: "nothing@champion") { id }
  }`);
  assert.deepEqual(new Set(Object.values(answer)), new Set([null]));
});

test("a list with its relations needs the same few statements, whatever its length", async () => {
  for (let run = 0; run < 12; run++) await insertTrainedRun(server.database);
  const few = await statementsOf(() => server.viewer.ask(RUNS_WITH_RELATIONS, { first: 2 }));
  const many = await statementsOf(() => server.viewer.ask(RUNS_WITH_RELATIONS, { first: 12 }));
  assert.equal(many.length, few.length, many.join("\n"));
  // One each for: token, runs, experiments, versions, datasets, latest versions, classes (2), splits,
  // metrics, checkpoints, model versions, queue, epochs.
  assert.ok(many.length <= 15, many.join("\n"));
});

test("runs are filtered and ordered by their properties", async () => {
  const { runId } = await insertTrainedRun(server.database);
  const listed = async (filter: RunFilter): Promise<boolean> => {
    const { runs } = await server.viewer.ask(RUNS, { filter });
    return runs.nodes.some(({ id }) => id === runId);
  };
  const { run } = await server.viewer.ask(EXPERIMENT_OF_RUN, { id: runId });
  const name = run?.experiment.name ?? "";
  assert.equal(await listed({ experiment: name }), true);
  assert.equal(await listed({ experiment: name, states: ["SUCCEEDED"], architectures: ["VGG11"] }), true);
  assert.equal(await listed({ experiment: name, states: ["FAILED"] }), false);
  assert.equal(await listed({ experiment: name, createdAfter: "2999-01-01T00:00:00+01:00" }), false);
  assert.equal(
    await listed({ experiment: name, configuration: [{ path: "learningRate.initial", equals: "1e-2" }] }),
    true,
  );

  const inside = await server.viewer.ask(RUNS_OF_EXPERIMENT, { name, filter: { states: ["SUCCEEDED"] } });
  assert.deepEqual(inside, { experiment: { runs: { nodes: [{ id: runId }] } } });
  const elsewhere = await server.viewer.ask(RUNS_OF_EXPERIMENT, { name, filter: { experiment: "another" } });
  assert.deepEqual(elsewhere, { experiment: { runs: { nodes: [] } } });
});

test("every point of a metric is returned, page by page", async () => {
  const { runId } = await insertTrainedRun(server.database);
  const metrics = new MetricStore(server.database);
  const values = Array.from({ length: 25 }, (_, index) => ({
    key: "batch.loss",
    step: index + 1,
    value: 1 / (index + 1),
  }));
  await server.database.transaction((client) => metrics.record(client, runId, 1, values, new Date()));
  const seen: object[] = [];
  for (let after: string | null = null; ; ) {
    const { run }: ResultOf<typeof POINTS> = await server.viewer.ask(POINTS, { id: runId, first: 10, after });
    assert.ok(run);
    seen.push(...run.metricPoints.nodes);
    if (!run.metricPoints.pageInfo.hasNextPage) break;
    after = run.metricPoints.pageInfo.endCursor;
  }
  assert.deepEqual(
    seen,
    values.map(({ step, value }) => ({ step, value, kind: "FINITE" })),
  );
  const { run } = await server.viewer.ask(POINTS, { id: runId, first: 2000 });
  assert.equal(run?.metricPoints.nodes.length, 25);
  const end = await server.viewer.ask(LAST_POINTS, { id: runId });
  assert.deepEqual(end.run?.metricPoints.nodes, [{ step: 24 }, { step: 25 }]);
  const { errors } = await server.viewer.send(POINTS, { id: runId, first: 2001 });
  assert.equal(errors?.[0]?.extensions.code, "FIRST_INVALID");
});

test("metrics that are not finite are null and have their kind", async () => {
  const { runId } = await insertTrainedRun(server.database);
  const values = [0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map(
    (value, index) => ({
      key: "train.loss",
      step: index + 1,
      value,
    }),
  );
  const metrics = new MetricStore(server.database);
  await server.database.transaction((client) => metrics.record(client, runId, 1, values, new Date()));
  const { run } = await server.viewer.ask(METRICS, { id: runId });
  assert.deepEqual(run?.metrics, [
    {
      key: "train.loss",
      last: { value: null, kind: "NEGATIVE_INFINITY" },
      best: { value: 0.5, kind: "FINITE" },
      bestEpoch: 1,
    },
  ]);
  assert.deepEqual(run.metricHistory, {
    key: "train.loss",
    totalPoints: 4,
    thinned: false,
    points: [
      { step: 1, value: 0.5, kind: "FINITE" },
      { step: 2, value: null, kind: "NAN" },
      { step: 3, value: null, kind: "POSITIVE_INFINITY" },
      { step: 4, value: null, kind: "NEGATIVE_INFINITY" },
    ],
  });
});

async function createExperiment(name: string): Promise<void> {
  await server.editor.ask(CREATE_EXPERIMENT, { name });
}

async function insertSample(versionId: string): Promise<{ sampleId: string }> {
  const sampleId = newId("sample");
  await rawSql(
    server.database,
    `insert into sample (id, version_id, position, class_index, split, source_name, content_hash, width_pixels, height_pixels)
     values ($1, $2, 0, 0, 'TRAIN', 'daisy/1.png', 'a1', 1, 1)`,
    [sampleId, versionId],
  );
  return { sampleId };
}

/** The SQL that this process sends while `work` runs, without the statements of the idle trainer. */
async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  const statements: string[] = [];
  const { query } = pg.Client.prototype;
  const observed = function (this: pg.Client, ...args: unknown[]): unknown {
    const [first] = args;
    const text = typeof first === "string" ? first : ((first as { text?: string } | null)?.text ?? "");
    statements.push(text.replaceAll(/\s+/g, " ").trim());
    return Reflect.apply(query, this, args);
  };
  pg.Client.prototype.query = observed as typeof query;
  try {
    await work();
  } finally {
    pg.Client.prototype.query = query;
  }
  return statements.filter((text) => /^select/i.test(text) && !/for update|pg_notify/i.test(text));
}
