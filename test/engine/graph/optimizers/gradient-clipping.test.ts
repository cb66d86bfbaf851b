import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { EngineHost } from "../../../../src/engine/engine-host.js";
import { GraphBuilder } from "../../../../src/graph/graph-builder.js";
import { placeholder } from "../../../../src/graph/ops/constants.js";
import { clipByGlobalNorm } from "../../../../src/graph/optimizers/gradient-clipping.js";
import { startTestEngine } from "../../../testkit/engine.js";
import { float32Value, graphOf, numbersOf } from "../graph-of.js";

let engine: EngineHost;
before(async () => {
  engine = await startTestEngine();
});
after(() => engine[Symbol.asyncDispose]());

/** Two gradients, [2] and [1], clipped to a norm of 4.5 together. */
async function clipped(first: readonly number[], second: number): Promise<number[]> {
  const graph = new GraphBuilder();
  const fed = {
    first: placeholder(graph, "first", "float32", [2]),
    second: placeholder(graph, "second", "float32", [1]),
  };
  const [a, b] = clipByGlobalNorm(graph, [fed.first, fed.second], 4.5);
  await using session = await engine.openGraph(
    graphOf(graph, { run: { inputs: fed, outputs: { a: a!, b: b! } } }),
  );
  const found = await session.run("run", {
    first: float32Value([2], first),
    second: float32Value([1], [second]),
  });
  return [...numbersOf(found.a), ...numbersOf(found.b)];
}

test("gradients with a norm below the limit do not change", async () => {
  assert.deepEqual(await clipped([1, -2], 2), [1, -2, 2]);
  assert.deepEqual(await clipped([0, 0], 0), [0, 0, 0]);
});

test("gradients above the limit keep their direction, and their norm becomes the limit", async () => {
  assert.deepEqual(await clipped([6, -12], 12), [1.5, -3, 3]);
});

test("one gradient that is not finite makes all of them NaN", async () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.deepEqual(await clipped([bad, 1], 1), [Number.NaN, Number.NaN, Number.NaN]);
  }
});
