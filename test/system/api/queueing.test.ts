import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { importFlowers } from "../../testkit/flower-job.js";
import { startTestServer, type TestServer } from "../../testkit/server.js";

const CONFIGURATION = {
  architecture: "VGG11",
  widthMultiplier: 0.0625,
  imageSizePixels: 32,
  checkpointEveryMinutes: 0.5,
};

const RUN = `fragment Told on Run {
  id state priority queuePosition attempt endReason configuration { checkpointEveryMinutes extendedAfterEpochs }
}`;

const LAUNCH = `mutation Launch($input: LaunchRunInput!) {
  payload: launchRun(input: $input) { run { ...Told } userErrors { code message path } }
} ${RUN}`;

interface Told {
  readonly id: string;
  readonly state: string;
  readonly priority: number;
  readonly queuePosition: number | null;
  readonly attempt: number;
  readonly endReason: string | null;
  readonly configuration: {
    readonly checkpointEveryMinutes: number | null;
    readonly extendedAfterEpochs: readonly number[];
  };
}

interface Payload {
  readonly payload: {
    readonly run: Told | null;
    readonly userErrors: readonly { code: string; message: string; path: string[] }[];
  };
}

test("a queue is ordered, paused and cleared through the API while nobody trains", async (t) => {
  await using server = await startTestServer({ ESPALIER_TRAIN: "off" });
  const dataset = await importFlowers(server);
  const input = { experiment: "flowers", dataset, configuration: CONFIGURATION };
  const launch = async (more: object = {}): Promise<Told> => {
    const { payload } = await server.editor.ask<Payload>(LAUNCH, { input: { ...input, ...more } });
    assert.deepEqual(payload.userErrors, []);
    assert.ok(payload.run);
    return payload.run;
  };

  await t.test("fifty launches at once with one idempotency key make one run", async () => {
    const idempotencyKey = randomUUID();
    const runs = await Promise.all(Array.from({ length: 50 }, () => launch({ idempotencyKey })));
    assert.equal(new Set(runs.map(({ id }) => id)).size, 1);
    assert.equal((await runsOf(server)).length, 1);
    await deleteRun(server, runs[0]?.id ?? "");
    assert.deepEqual(await runsOf(server), []);
  });

  await t.test("a run of a higher priority goes first", async () => {
    const [usual, urgent] = [await launch(), await launch({ priority: 7 })];
    assert.deepEqual([usual.priority, usual.queuePosition], [0, 1]);
    assert.deepEqual([urgent.priority, urgent.queuePosition], [7, 1]);
    assert.equal(urgent.configuration.checkpointEveryMinutes, 0.5);
    assert.deepEqual(
      (await runsOf(server)).map(({ id, queuePosition }) => [id, queuePosition]),
      [
        [urgent.id, 1],
        [usual.id, 2],
      ],
    );
    for (const { id } of [usual, urgent]) await deleteRun(server, id);
    const { payload } = await server.editor.ask<Payload>(LAUNCH, { input: { ...input, priority: 1001 } });
    assert.deepEqual(
      payload.userErrors.map(({ code, path }) => [code, path]),
      [["PRIORITY_INVALID", ["priority"]]],
    );
  });

  await t.test("a run that waits is paused, resumed, cancelled and retried at once", async () => {
    const { id } = await launch();
    assert.deepEqual(await control(server, "pauseRun", id), {
      state: "PAUSED",
      attempt: 1,
      queuePosition: null,
    });
    assert.deepEqual(await control(server, "resumeRun", id), {
      state: "QUEUED",
      attempt: 2,
      queuePosition: 1,
    });
    assert.equal((await control(server, "cancelRun", id)).state, "CANCELLED");
    assert.deepEqual(await control(server, "retryRun", id), {
      state: "QUEUED",
      attempt: 3,
      queuePosition: 1,
    });
    await deleteRun(server, id);
    const gone = await server.viewer.ask(
      "query Gone($id: ID!) { run(id: $id) { id } node(id: $id) { id } }",
      { id },
    );
    assert.deepEqual(gone, { run: null, node: null });
  });

  await t.test(
    "what is asked of a run in the wrong state says which is right, and changes nothing",
    async () => {
      const { id } = await launch();
      for (const [mutation, expected] of [
        ["resumeRun(input: { runId: $id })", "PAUSED"],
        ["retryRun(input: { runId: $id })", "FAILED or CANCELLED"],
        ["extendRun(input: { runId: $id, epochs: 20 })", "SUCCEEDED"],
      ] as const) {
        const document = `mutation Control($id: ID!) { payload: ${mutation} { run { ...Told } userErrors { code message path } } } ${RUN}`;
        const { payload } = await server.editor.ask<Payload>(document, { id });
        assert.equal(payload.run, null);
        const [error] = payload.userErrors;
        assert.deepEqual([error?.code, error?.path], ["RUN_STATE_INVALID", ["runId"]]);
        assert.match(error?.message ?? "", new RegExp(`is ${expected} can be .* is QUEUED\\.`));
      }
      assert.deepEqual(
        (await runsOf(server)).map(({ state }) => state),
        ["QUEUED"],
      );
    },
  );

  await t.test("an experiment's limit is set, changed and lifted, and what is left out stays", async () => {
    const experiment = `experiment { name description maxActiveRuns } userErrors { code path }`;
    const create = `mutation Create($input: CreateExperimentInput!) { payload: createExperiment(input: $input) { ${experiment} } }`;
    const update = `mutation Update($input: UpdateExperimentInput!) { payload: updateExperiment(input: $input) { ${experiment} } }`;
    const made = { name: "limited", description: "first", maxActiveRuns: 2 };
    const changed = async (change: object, document = update): Promise<unknown> => {
      const { payload } = await server.editor.ask<{
        payload: { experiment: unknown; userErrors: unknown[] };
      }>(document, { input: change });
      return payload.experiment ?? payload.userErrors;
    };
    const named = { experiment: "limited" };
    assert.deepEqual(await changed(made, create), made);
    assert.deepEqual(await changed({ ...named, maxActiveRuns: 1 }), { ...made, maxActiveRuns: 1 });
    assert.deepEqual(await changed({ ...named, description: "second" }), {
      name: "limited",
      description: "second",
      maxActiveRuns: 1,
    });
    const lifted = { name: "limited", description: "second", maxActiveRuns: null };
    assert.deepEqual(await changed({ ...named, description: null, maxActiveRuns: null }), lifted);
    assert.deepEqual(await changed({ ...named, maxActiveRuns: 0 }), [
      { code: "MAX_ACTIVE_RUNS_INVALID", path: ["maxActiveRuns"] },
    ]);
    assert.deepEqual(await changed({ experiment: "nothing" }), [
      { code: "EXPERIMENT_NOT_FOUND", path: ["experiment"] },
    ]);
  });
});

async function runsOf({ viewer }: TestServer): Promise<readonly Told[]> {
  const { runs } = await viewer.ask<{ runs: { nodes: readonly Told[] } }>(
    `{ runs { nodes { ...Told } } } ${RUN}`,
  );
  return runs.nodes;
}

async function control(
  { editor }: TestServer,
  mutation: string,
  id: string,
): Promise<Pick<Told, "state" | "attempt" | "queuePosition">> {
  const document = `mutation Control($id: ID!) { payload: ${mutation}(input: { runId: $id }) { run { ...Told } userErrors { code message path } } } ${RUN}`;
  const { payload } = await editor.ask<Payload>(document, { id });
  assert.deepEqual(payload.userErrors, []);
  assert.ok(payload.run);
  const { state, attempt, queuePosition } = payload.run;
  return { state, attempt, queuePosition };
}

async function deleteRun({ editor }: TestServer, id: string): Promise<void> {
  const { deleteRun } = await editor.ask<{ deleteRun: object }>(
    "mutation Delete($id: ID!) { deleteRun(input: { runId: $id }) { deletedId userErrors { code } } }",
    { id },
  );
  assert.deepEqual(deleteRun, { deletedId: id, userErrors: [] });
}
