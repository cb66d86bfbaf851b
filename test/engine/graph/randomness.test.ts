import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { EngineHost } from "../../../src/engine/engine-host.js";
import { GraphBuilder } from "../../../src/graph/graph-builder.js";
import { glorotUniform } from "../../../src/graph/initializers/glorot-uniform.js";
import { heNormal } from "../../../src/graph/initializers/he-normal.js";
import type { Initializer, Seed } from "../../../src/graph/initializers/initializer.js";
import { dropout } from "../../../src/graph/layers/dropout.js";
import { dropoutDraw } from "../../../src/graph/layers/dropout-draw.js";
import { ForwardPass } from "../../../src/graph/layers/forward-pass.js";
import { int64Vector, placeholder } from "../../../src/graph/ops/constants.js";
import { Variables } from "../../../src/graph/variables.js";
import { startTestEngine } from "../../testkit/engine.js";
import { float32Value, graphOf, numbersOf } from "./graph-of.js";

let engine: EngineHost;
before(async () => {
  engine = await startTestEngine();
});
after(() => engine[Symbol.asyncDispose]());

async function firstValues(
  initializer: Initializer,
  shape: readonly number[],
  seed: Seed,
): Promise<number[]> {
  const graph = new GraphBuilder();
  const values = initializer(graph, shape, seed);
  await using session = await engine.openGraph(graphOf(graph, { run: { inputs: {}, outputs: { values } } }));
  return numbersOf((await session.run("run", {})).values);
}

function deviationOf(values: readonly number[]): number {
  const mean = values.reduce((total, value) => total + value, 0) / values.length;
  return Math.sqrt(values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length);
}

test("He's normal has a variance of 2 / fanIn and nothing beyond two deviations", async () => {
  const fanIn = 3 * 3 * 32;
  const values = await firstValues(heNormal, [3, 3, 32, 64], [1, -1]);
  const deviation = Math.sqrt(2 / fanIn);
  assert.ok(Math.abs(deviationOf(values) / deviation - 1) < 0.02, `${deviationOf(values)}`);
  assert.ok(Math.max(...values.map(Math.abs)) <= (2 * deviation) / 0.8796);
});

test("Glorot's uniform fills ±sqrt(6 / (fanIn + fanOut))", async () => {
  const values = await firstValues(glorotUniform, [200, 100], [1, -1]);
  const limit = Math.sqrt(6 / 300);
  assert.ok(Math.max(...values.map(Math.abs)) <= limit * 1.000001);
  assert.ok(Math.abs(deviationOf(values) / (limit / Math.sqrt(3)) - 1) < 0.02);
});

test("equal seeds give equal first weights, other seeds others", async () => {
  const [first, again, other] = [
    await firstValues(heNormal, [8, 8], [1, -1]),
    await firstValues(heNormal, [8, 8], [1, -1]),
    await firstValues(heNormal, [8, 8], [2, -1]),
  ];
  assert.deepEqual(first, again);
  assert.notDeepEqual(first, other);
});

test("dropout sets its fraction to zero, scales the others up, and draws anew for every layer", async () => {
  const graph = new GraphBuilder();
  const draw = dropoutDraw(graph, (stream) => int64Vector(graph, [7, stream]), null);
  const mode = { kind: "training", draw, microBatchSize: 4 } as const;
  const pass = new ForwardPass(graph, new Variables(graph, 0), mode, "float32");
  const input = placeholder(graph, "input", "float32", [null, 1000]);
  const outputs = {
    first: dropout("first", 0.25).apply(pass, input),
    second: dropout("second", 0.25).apply(pass, input),
  };
  await using session = await engine.openGraph(graphOf(graph, { run: { inputs: { input }, outputs } }));
  const run = () => session.run("run", { input: float32Value([20, 1000], Array(20_000).fill(3)) });
  const [results, again] = [await run(), await run()];
  const [first, second] = [numbersOf(results.first), numbersOf(results.second)];

  assert.deepEqual([...new Set(first)].sort(), [0, 4]);
  const dropped = first.filter((value) => value === 0).length / first.length;
  assert.ok(Math.abs(dropped - 0.25) < 0.02, `dropped ${dropped}`);
  assert.notDeepEqual(first, second);
  assert.deepEqual(first, numbersOf(again.first), "the seed alone decides");
});
