import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { graphql } from "../../../src/client/generated/gql.js";
import type { CreateExperimentInput } from "../../../src/client/generated/graphql.js";
import type { GraphqlClient } from "../../testkit/api/graphql-client.js";
import { startTestServer } from "../../testkit/api/server.js";
import { rawSql } from "../../testkit/postgres/raw-sql.js";

const CREATE_EXPERIMENT = graphql(`mutation MutationsCreate($input: CreateExperimentInput!) {
  payload: createExperiment(input: $input) { experiment { id name } userErrors { code message path } }
}`);

const LAUNCH_RUN = graphql(`mutation MutationsLaunch($input: LaunchRunInput!) {
  payload: launchRun(input: $input) { run { id name } userErrors { code message path } }
}`);

test("mutations report expected errors, change nothing then, and mask faults of the server", async (t) => {
  await using server = await startTestServer();
  const createExperiment = (input: CreateExperimentInput) => server.editor.ask(CREATE_EXPERIMENT, { input });

  await t.test("an expected error has a code, a remedy and the path of the field", async () => {
    const { payload } = await createExperiment({ name: "not a name" });
    assert.equal(payload.experiment, null);
    const [error] = payload.userErrors;
    assert.deepEqual([error?.code, error?.path], ["NAME_INVALID", ["name"]]);
    assert.match(error?.message ?? "", /"not a name"/);

    const { payload: launched } = await server.editor.ask(LAUNCH_RUN, {
      input: {
        experiment: "nothing",
        dataset: "nothing",
        configuration: { optimizer: { adam: { beta1: 2 } } },
      },
    });
    assert.equal(launched.run, null);
    assert.deepEqual(launched.userErrors[0]?.path, ["configuration", "optimizer", "adam", "beta1"]);
    assert.deepEqual(await server.viewer.ask('{ experiment(name: "nothing") { id } }'), { experiment: null });
  });

  await t.test("every mutation reports an expected error as a userError and returns no object", async () => {
    for (const { mutation, nothing } of MISTAKES) {
      const { payload } = await server.admin.ask(mutation);
      const { userErrors, ...rest } = payload as Record<string, unknown>;
      assert.ok(Array.isArray(userErrors) && userErrors.length === 1, mutation);
      assert.deepEqual(rest, nothing, mutation);
    }
  });

  await t.test(
    "a request repeated with its key creates one object, also when both arrive at once",
    async () => {
      const input = { name: "repeated", description: "x", idempotencyKey: randomUUID() };
      const answers = await Promise.all([createExperiment(input), createExperiment(input)]);
      answers.push(await createExperiment(input));
      const ids = new Set(answers.map(({ payload }) => payload.experiment?.id));
      assert.equal(ids.size, 1);
      assert.ok(!ids.has(undefined));
    },
  );

  await t.test("a key that belongs to another request is refused", async () => {
    const idempotencyKey = randomUUID();
    await createExperiment({ name: "first", idempotencyKey });
    const { payload } = await createExperiment({ name: "second", idempotencyKey });
    assert.deepEqual(
      payload.userErrors.map(({ code }) => code),
      ["IDEMPOTENCY_KEY_REUSED"],
    );
    assert.equal(payload.experiment, null);
  });

  await t.test("an invalid query is an error with a code", async () => {
    const { errors } = await server.viewer.send('{ compareRuns(runIds: ["run_1"]) { metrics { key } } }');
    assert.equal(errors?.[0]?.extensions.code, "COMPARISON_INVALID");
    assert.deepEqual(errors?.[0]?.path, ["compareRuns"]);
  });

  await t.test("a fault of the server is masked, and its id is in the log", async () => {
    await rawSql(server.database, "alter table experiment rename column description to hidden");
    for (const [client, document] of FAULTS) {
      const { data, errors } = await server[client].send(document);
      const [error] = errors ?? [];
      assert.equal(error?.extensions.code, "INTERNAL", document);
      assert.ok(data === null || data === undefined);
      const id = String(error?.extensions.id);
      assert.match(error?.message ?? "", new RegExp(id));
      const shown = JSON.stringify(errors?.map(({ message, extensions }) => ({ message, extensions })));
      assert.doesNotMatch(shown, /column|relation|select|hidden|\.js|node_modules|at \w+ \(|pg_/i);
      const logged = server.errorLog.filter((line) => line.includes(id));
      assert.equal(logged.length, 1, document);
      assert.match(logged[0] ?? "", /column .*description/);
    }
    await rawSql(server.database, "alter table experiment rename column hidden to description");
  });

  await t.test("a secret never reaches the log", async () => {
    const secrets = [server.admin, server.editor, server.viewer].map(
      (client: GraphqlClient) => client.token ?? "?",
    );
    assert.ok(!server.errorLog.some((line) => secrets.some((secret) => line.includes(secret))));
  });
});

const FAULTS = [
  ["viewer", "{ experiments { nodes { id } } }"],
  [
    "editor",
    'mutation { createExperiment(input: { name: "faulty" }) { experiment { id } userErrors { code } } }',
  ],
] as const;

const MISTAKES = [
  {
    mutation:
      "mutation { payload: createUpload(input: { sizeBytes: -1 }) { uploadId putUrl expiresAt userErrors { code } } }",
    nothing: { uploadId: null, putUrl: null, expiresAt: null },
  },
  {
    mutation:
      'mutation { payload: importDataset(input: { dataset: "a b", source: { folder: "/" } }) { datasetVersion { id } userErrors { code } } }',
    nothing: { datasetVersion: null },
  },
  {
    mutation:
      'mutation { payload: importDataset(input: { dataset: "a", source: { folder: "/etc" } }) { datasetVersion { id } userErrors { code } } }',
    nothing: { datasetVersion: null },
  },
  {
    mutation:
      'mutation { payload: importDataset(input: { dataset: "a", source: { uploadId: "../x" } }) { datasetVersion { id } userErrors { code } } }',
    nothing: { datasetVersion: null },
  },
  {
    mutation:
      'mutation { payload: createExperiment(input: { name: "" }) { experiment { id } userErrors { code } } }',
    nothing: { experiment: null },
  },
  {
    mutation:
      'mutation { payload: launchRun(input: { experiment: "e", dataset: "nothing", configuration: {} }) { run { id } userErrors { code } } }',
    nothing: { run: null },
  },
  {
    mutation:
      'mutation { payload: updateExperiment(input: { experiment: "nothing" }) { experiment { id } userErrors { code } } }',
    nothing: { experiment: null },
  },
  ...["cancelRun", "pauseRun", "resumeRun", "retryRun"].map((name) => ({
    mutation: `mutation { payload: ${name}(input: { runId: "run_1" }) { run { id } userErrors { code } } }`,
    nothing: { run: null },
  })),
  {
    mutation:
      'mutation { payload: extendRun(input: { runId: "run_1", epochs: 9 }) { run { id } userErrors { code } } }',
    nothing: { run: null },
  },
  {
    mutation: 'mutation { payload: deleteRun(input: { runId: "run_1" }) { deletedId userErrors { code } } }',
    nothing: { deletedId: null },
  },
  {
    mutation:
      'mutation { payload: registerModelVersion(input: { model: "m", runId: "run_1" }) { modelVersion { id } userErrors { code } } }',
    nothing: { modelVersion: null },
  },
  {
    mutation:
      'mutation { payload: setModelAlias(input: { model: "m", alias: "a", version: 1 }) { model { id } userErrors { code } } }',
    nothing: { model: null },
  },
  {
    mutation:
      'mutation { payload: classify(input: { model: "m", images: [] }) { results { __typename } modelVersion { id } latencyMs userErrors { code } } }',
    nothing: { results: [], modelVersion: null, latencyMs: null },
  },
  {
    mutation:
      'mutation { payload: createAccessToken(input: { name: "", role: VIEWER }) { token { id } secret userErrors { code } } }',
    nothing: { token: null, secret: null },
  },
  {
    mutation:
      'mutation { payload: revokeAccessToken(input: { id: "tok_1" }) { token { id } userErrors { code } } }',
    nothing: { token: null },
  },
];
