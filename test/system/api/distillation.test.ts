import assert from "node:assert/strict";
import { test } from "node:test";
import { graphql } from "../../../src/client/generated/gql.js";
import type { RunConfigurationInput } from "../../../src/client/generated/graphql.js";
import { awaitRun, importFlowers, launchRun } from "../../testkit/api/flower-job.js";
import { startTestServer } from "../../testkit/api/server.js";

const STUDENT: RunConfigurationInput = {
  architecture: "VGG11",
  batchNormalization: true,
  widthMultiplier: 0.0625,
  imageSizePixels: 32,
  head: { kind: "GLOBAL_AVERAGE_POOLING", dropout: 0 },
  batchSize: 8,
  epochs: 1,
};

test("a run learns from a model version, which it shows, and is compared and found by", async (t) => {
  await using server = await startTestServer();
  const dataset = await importFlowers(server, 12);
  const base = await launchRun(server, dataset, {
    ...STUDENT,
    architecture: "RESNET18",
    imageSizePixels: 48,
  });
  await awaitRun(server, base);
  await server.editor.ask(REGISTER_TEACHER, { id: base });

  const distilled = await launchRun(server, dataset, {
    ...STUDENT,
    distillation: { teacher: "flowers@champion", kind: "DECOUPLED", temperature: 2 },
  });
  await awaitRun(server, distilled);

  await t.test("the run names the version and every setting, with the defaults of its kind", async () => {
    const { run } = await server.viewer.ask(DISTILLED, { id: distilled });
    assert.deepEqual(run, {
      state: "SUCCEEDED",
      endDetail: null,
      teacher: { ref: "flowers:1" },
      configuration: {
        distillation: { teacher: "flowers:1", kind: "DECOUPLED", temperature: 2, weight: 0.5, beta: 8 },
      },
    });
  });

  await t.test("a run without distillation has no teacher", async () => {
    const { run } = await server.viewer.ask(DISTILLED, { id: base });
    assert.deepEqual([run?.teacher, run?.configuration], [null, { distillation: null }]);
  });

  await t.test("a comparison lists the distillation, and names no best training loss", async () => {
    const { compareRuns } = await server.viewer.ask(COMPARE, { ids: [base, distilled] });
    const values = new Map(compareRuns.configuration.map(({ path, values }) => [path, values]));
    assert.deepEqual(values.get("distillation.teacher"), [null, "flowers:1"]);
    assert.deepEqual(values.get("distillation.temperature"), [null, "2"]);
    const loss = compareRuns.metrics.find(({ key }) => key === "train.loss");
    assert.equal(loss?.noBestRunReason, "LOSS_DIFFERS");
  });

  await t.test("runs are found by their teacher", async () => {
    const filter = { configuration: [{ path: "distillation.teacher", equals: "flowers:1" }] };
    const { runs } = await server.viewer.ask(FIND, { filter });
    assert.deepEqual(
      runs.nodes.map(({ id }) => id),
      [distilled],
    );
  });

  await t.test(
    "a teacher that does not exist and a value out of range are refused with their paths",
    async () => {
      const refusal = async (distillation: NonNullable<RunConfigurationInput["distillation"]>) => {
        const configuration = { ...STUDENT, distillation };
        const { payload } = await server.editor.ask(LAUNCH, {
          input: { experiment: "flowers", dataset, configuration },
        });
        return payload.userErrors.map(({ code, path }) => [code, path?.join(".")]);
      };
      assert.deepEqual(await refusal({ teacher: "flowers@best" }), [
        ["MODEL_VERSION_NOT_FOUND", "configuration.distillation.teacher"],
      ]);
      for (const [setting, value] of [
        ["temperature", 0],
        ["temperature", 101],
        ["weight", 0],
        ["weight", 1.1],
        ["beta", -1],
      ] as const) {
        assert.deepEqual(await refusal({ teacher: "flowers:1", [setting]: value }), [
          ["CONFIGURATION_INVALID", `configuration.distillation.${setting}`],
        ]);
      }
    },
  );
});

const REGISTER_TEACHER = graphql(`mutation DistillationRegister($id: ID!) {
  registerModelVersion(input: { model: "flowers", runId: $id }) { userErrors { code } }
  setModelAlias(input: { model: "flowers", alias: "champion", version: 1 }) { userErrors { code } }
}`);

const DISTILLED = graphql(`query DistillationRun($id: ID!) { run(id: $id) {
  state endDetail teacher { ref } configuration { distillation { teacher kind temperature weight beta } }
} }`);

const COMPARE = graphql(`query DistillationCompare($ids: [ID!]!) {
  compareRuns(runIds: $ids) { configuration { path values } metrics { key noBestRunReason } }
}`);

const FIND = graphql(`query DistillationFind($filter: RunFilter) { runs(filter: $filter) { nodes { id } } }`);

const LAUNCH = graphql(`mutation DistillationLaunch($input: LaunchRunInput!) {
  payload: launchRun(input: $input) { userErrors { code path } }
}`);
