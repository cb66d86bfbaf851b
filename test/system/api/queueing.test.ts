import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { graphql } from "../../../src/client/generated/gql.js";
import type {
  CreateExperimentInput,
  LaunchRunInput,
  RunConfigurationInput,
  UpdateExperimentInput,
} from "../../../src/client/generated/graphql.js";
import { importFlowers } from "../../testkit/api/flower-job.js";
import {
  type ControlledRun,
  controlRun,
  deleteRun,
  EXTEND_RUN,
  RUN_CONTROLS,
} from "../../testkit/api/run-control.js";
import { startTestServer, type TestServer } from "../../testkit/api/server.js";

const CONFIGURATION: RunConfigurationInput = {
  architecture: "VGG11",
  widthMultiplier: 0.0625,
  imageSizePixels: 32,
  checkpointEveryMinutes: 0.5,
};

const LAUNCH = graphql(`mutation QueueingLaunch($input: LaunchRunInput!) {
  payload: launchRun(input: $input) { run { ...TestControlledRun } userErrors { code message path } }
}`);

const RUNS = graphql(`query QueueingRuns { runs { nodes { ...TestControlledRun } } }`);

const RUN_AND_NODE = graphql(
  `query QueueingRunAndNode($id: ID!) { run(id: $id) { id } node(id: $id) { id } }`,
);

const CREATE_EXPERIMENT = graphql(`mutation QueueingCreateExperiment($input: CreateExperimentInput!) {
  payload: createExperiment(input: $input) {
    experiment { name description maxActiveRuns }
    userErrors { code path }
  }
}`);

const UPDATE_EXPERIMENT = graphql(`mutation QueueingUpdateExperiment($input: UpdateExperimentInput!) {
  payload: updateExperiment(input: $input) {
    experiment { name description maxActiveRuns }
    userErrors { code path }
  }
}`);

test("the queue is ordered, paused and cleared through the API while no worker trains", async (t) => {
  await using server = await startTestServer({ ESPALIER_TRAIN: "off" });
  const dataset = await importFlowers(server);
  const input = { experiment: "flowers", dataset, configuration: CONFIGURATION };
  const launch = async (more: Partial<LaunchRunInput> = {}): Promise<ControlledRun> => {
    const { payload } = await server.editor.ask(LAUNCH, { input: { ...input, ...more } });
    assert.deepEqual(payload.userErrors, []);
    assert.ok(payload.run);
    return payload.run;
  };

  await t.test("fifty concurrent launches with one idempotency key create one run", async () => {
    const idempotencyKey = randomUUID();
    const runs = await Promise.all(Array.from({ length: 50 }, () => launch({ idempotencyKey })));
    assert.equal(new Set(runs.map(({ id }) => id)).size, 1);
    assert.equal((await runsOf(server)).length, 1);
    await remove(server, runs[0]?.id ?? "");
    assert.deepEqual(await runsOf(server), []);
  });

  await t.test("a run with a higher priority starts first", async () => {
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
    for (const { id } of [usual, urgent]) await remove(server, id);
    const { payload } = await server.editor.ask(LAUNCH, { input: { ...input, priority: 1001 } });
    assert.deepEqual(
      payload.userErrors.map(({ code, path }) => [code, path]),
      [["PRIORITY_INVALID", ["priority"]]],
    );
  });

  await t.test("a waiting run is paused, resumed, cancelled and retried at once", async () => {
    const { id } = await launch();
    const placeAfter = async (mutation: keyof typeof RUN_CONTROLS) => {
      const { state, attempt, queuePosition } = await controlRun(server, mutation, id);
      return { state, attempt, queuePosition };
    };
    assert.deepEqual(await placeAfter("pauseRun"), { state: "PAUSED", attempt: 1, queuePosition: null });
    assert.deepEqual(await placeAfter("resumeRun"), { state: "QUEUED", attempt: 2, queuePosition: 1 });
    assert.equal((await placeAfter("cancelRun")).state, "CANCELLED");
    assert.deepEqual(await placeAfter("retryRun"), { state: "QUEUED", attempt: 3, queuePosition: 1 });
    await remove(server, id);
    const gone = await server.viewer.ask(RUN_AND_NODE, { id });
    assert.deepEqual(gone, { run: null, node: null });
  });

  await t.test(
    "an action on a run in the wrong state names the right states and changes nothing",
    async () => {
      const { id } = await launch();
      const { editor } = server;
      for (const [answer, expected] of [
        [await editor.ask(RUN_CONTROLS.resumeRun, { id }), "PAUSED"],
        [await editor.ask(RUN_CONTROLS.retryRun, { id }), "FAILED or CANCELLED"],
        [await editor.ask(EXTEND_RUN, { id, epochs: 20 }), "SUCCEEDED"],
      ] as const) {
        const { payload } = answer;
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

  await t.test(
    "the limit of an experiment is set, changed and removed, and missing fields keep their value",
    async () => {
      const made: CreateExperimentInput = { name: "limited", description: "first", maxActiveRuns: 2 };
      const changed = async (input: UpdateExperimentInput): Promise<unknown> => {
        const { payload } = await server.editor.ask(UPDATE_EXPERIMENT, { input });
        return payload.experiment ?? payload.userErrors;
      };
      const named = { experiment: "limited" };
      const { payload: created } = await server.editor.ask(CREATE_EXPERIMENT, { input: made });
      assert.deepEqual(created.experiment, made);
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
    },
  );
});

async function runsOf({ viewer }: TestServer): Promise<readonly ControlledRun[]> {
  const { runs } = await viewer.ask(RUNS);
  return runs.nodes;
}

async function remove(server: TestServer, id: string): Promise<void> {
  assert.deepEqual(await deleteRun(server, id), { deletedId: id, userErrors: [] });
}
