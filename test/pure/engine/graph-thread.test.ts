import assert from "node:assert/strict";
import { test } from "node:test";
import { buildServingGraphAside, buildTrainingGraphAside } from "../../../src/engine/graph-thread.js";
import { networkOfRun, trainingOfRun } from "../../../src/graph/architectures/network-spec.js";
import { buildServingGraph } from "../../../src/graph/architectures/serving-graph.js";
import { buildTrainingGraph } from "../../../src/graph/architectures/training-graph.js";
import { TINY_CONFIGURATION } from "../../testkit/trained-run.js";

const NETWORK = networkOfRun(TINY_CONFIGURATION, 3, "FLOAT32");
const TRAINING = trainingOfRun(TINY_CONFIGURATION, {
  stepsPerEpoch: 2,
  cachedFeatures: false,
  accumulation: false,
  microBatchSize: 8,
  importedVariables: [],
  importedClasses: null,
  teacher: null,
  customOps: [],
  eigenKernelGradients: [],
});

test("a graph that another thread builds equals the graph that this thread builds", async () => {
  const [training, serving] = await Promise.all([
    buildTrainingGraphAside(NETWORK, TRAINING),
    buildServingGraphAside(NETWORK),
  ]);
  assert.deepEqual(training, buildTrainingGraph(NETWORK, TRAINING));
  assert.deepEqual(serving, buildServingGraph(NETWORK));
});

test("another thread refuses an impossible network with the same error", async () => {
  const network = { ...NETWORK, classCount: 0 };
  const refused = { name: "AppError", code: "NETWORK_INVALID" };
  assert.throws(() => buildServingGraph(network), refused);
  await assert.rejects(buildServingGraphAside(network), refused);
  await assert.rejects(buildTrainingGraphAside(network, TRAINING), refused);
});
