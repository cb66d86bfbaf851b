import assert from "node:assert/strict";
import { test } from "node:test";
import { fillPlaceholders } from "../../../../src/web/examples/placeholders.js";

const RESULTS = {
  registerModelVersion: { modelVersion: { number: 3 } },
  runs: { nodes: [{ id: "run_a" }, { id: "run_b" }] },
};

test("a placeholder becomes the value of an earlier response, with its type", () => {
  const { variables, missing } = fillPlaceholders(
    { input: { version: "{registerModelVersion.modelVersion.number}", alias: "champion" } },
    RESULTS,
  );
  assert.deepEqual(variables, { input: { version: 3, alias: "champion" } });
  assert.deepEqual(missing, []);
});

test("the first path with a value is used, and lists can be indexed", () => {
  const { variables } = fillPlaceholders(["{plain.run.id|runs.nodes.1.id}"], RESULTS);
  assert.deepEqual(variables, ["run_b"]);
});

test("a placeholder without a value stays and is reported", () => {
  const { variables, missing } = fillPlaceholders({ runId: "{launchRun.run.id}" }, RESULTS);
  assert.deepEqual(variables, { runId: "{launchRun.run.id}" });
  assert.deepEqual(missing, ["launchRun.run.id"]);
});

test("text that merely contains braces stays", () => {
  const variables = { text: "a {runs} b", empty: "{}", nothing: null };
  assert.deepEqual(fillPlaceholders(variables, RESULTS), { variables, missing: [] });
});
