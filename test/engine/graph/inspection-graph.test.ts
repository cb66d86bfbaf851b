import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { EngineHost } from "../../../src/engine/engine-host.js";
import type { TensorValue } from "../../../src/engine/engine-protocol.js";
import { layerTable } from "../../../src/graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { elementCount } from "../../../src/graph/tensor-spec.js";
import {
  ACTIVATION_PREFIX,
  buildInspectionGraph,
  GRADIENT_PREFIX,
} from "../../golden/networks/inspection-graph.js";
import { startTestEngine } from "../../testkit/engine.js";
import { float32Value, numberOf, numbersOf } from "./graph-of.js";
import { images, labels, TINY_NETWORK } from "./tiny-network.js";

const IMAGES = 3;

let engine: EngineHost;
before(async () => {
  engine = await startTestEngine();
});
after(() => engine[Symbol.asyncDispose]());

const inspectable: readonly (readonly [string, NetworkSpec])[] = [
  ["batch-normalized in bf16", { ...TINY_NETWORK, precision: "MIXED_BFLOAT16" }],
  [
    "fully connected",
    {
      ...TINY_NETWORK,
      batchNormalization: false,
      head: { kind: "FULLY_CONNECTED", units: 12, dropout: 0.5 },
    },
  ],
];

for (const [name, network] of inspectable) {
  test(`the inspection of a ${name} network has every layer's output and every weight's gradient`, async () => {
    const graph = buildInspectionGraph(network, { dropout: true });
    await using session = await engine.openGraph(graph);
    await session.run("init", {});
    const outputs = await session.run("inspect", { images: images(IMAGES), labels: labels(IMAGES) });

    for (const { name: layer, outputShape } of layerTable(network)) {
      assert.deepEqual(outputs[ACTIVATION_PREFIX + layer]?.shape, [IMAGES, ...outputShape], layer);
    }
    for (const { name: variable, shape } of graph.variables) {
      if (variable.includes("/moving_")) continue;
      const gradient = outputs[GRADIENT_PREFIX + variable];
      assert.deepEqual(gradient?.shape, shape, variable);
      assert.ok(numbersOf(gradient).every(Number.isFinite));
    }
    assert.ok(Number.isFinite(numberOf(outputs.loss)));
  });
}

test("assigned weights are kept in separate memory", async () => {
  const network = { ...TINY_NETWORK, batchNormalization: false };
  const graph = buildInspectionGraph(network, { dropout: false });
  await using session = await engine.openGraph(graph);
  // With all kernels 0, only the last bias affects the output.
  const values: Record<string, TensorValue> = {};
  for (const { name, shape } of graph.variables) {
    const value = name === "predictions/bias" ? [1, 2, 3, 4] : Array(elementCount(shape)).fill(0);
    values[name] = float32Value(shape, value);
  }
  await session.run("assign", values);
  for (const _ of [1, 2]) {
    const { logits } = await session.run("inspect", { images: images(1), labels: labels(1) });
    assert.deepEqual(numbersOf(logits), [1, 2, 3, 4]);
  }
});
