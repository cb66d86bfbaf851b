import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { EngineHost } from "../../../src/engine/engine-host.js";
import { GraphBuilder } from "../../../src/graph/graph-builder.js";
import { softmaxCrossEntropy } from "../../../src/graph/losses/softmax-cross-entropy.js";
import { topKCorrect } from "../../../src/graph/metrics/top-k.js";
import { placeholder } from "../../../src/graph/ops/constants.js";
import { startTestEngine } from "../../testkit/engine.js";
import { float32Value, graphOf, int32Value, numberOf, numbersOf } from "./graph-of.js";

let engine: EngineHost;
before(async () => {
  engine = await startTestEngine();
});
after(() => engine[Symbol.asyncDispose]());

async function measure(rows: readonly (readonly number[])[], labels: readonly number[]) {
  const classes = rows[0]!.length;
  const graph = new GraphBuilder();
  const fed = {
    logits: placeholder(graph, "logits", "float32", [null, classes]),
    labels: placeholder(graph, "labels", "int32", [null]),
  };
  const outputs = {
    losses: softmaxCrossEntropy(graph, fed.logits, fed.labels),
    top1: topKCorrect(graph, fed.logits, fed.labels, 1),
    top5: topKCorrect(graph, fed.logits, fed.labels, 5),
  };
  await using session = await engine.openGraph(graphOf(graph, { run: { inputs: fed, outputs } }));
  const { losses, top1, top5 } = await session.run("run", {
    logits: float32Value([rows.length, classes], rows.flat()),
    labels: int32Value([labels.length], labels),
  });
  return { losses: numbersOf(losses), top1: numberOf(top1), top5: numberOf(top5) };
}

test("top-1 counts the largest logit, top-5 the five largest", async () => {
  const row = [6, 5, 4, 3, 2, 1, 0];
  const { top1, top5 } = await measure([row, row, row, row], [0, 1, 4, 5]);
  assert.deepEqual({ top1, top5 }, { top1: 1, top5: 3 });
});

test("with fewer than five classes every label is in the top 5", async () => {
  const { top1, top5 } = await measure([[1, 2, 3]], [0]);
  assert.deepEqual({ top1, top5 }, { top1: 0, top5: 1 });
});

test("a network that gives every class the same logit scores no better than chance", async () => {
  const same = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1];
  const { top1, top5 } = await measure(Array(10).fill(same), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual({ top1, top5 }, { top1: 1, top5: 5 });
});

test("a NaN or infinite logit counts its image as wrong, and does not affect the other images", async () => {
  const rows = [
    [Number.NaN, 1, 0],
    [1, Number.NaN, 0],
    [Number.NaN, Number.NaN, Number.NaN],
    [Number.POSITIVE_INFINITY, 0, 0],
    [1, 0, 0],
  ];
  const { top1, top5 } = await measure(rows, [0, 0, 0, 0, 0]);
  assert.deepEqual({ top1, top5 }, { top1: 1, top5: 1 });
});

test("a label beyond the classes is never correct", async () => {
  const { top1, top5 } = await measure([[3, 2, 1]], [3]);
  assert.deepEqual({ top1, top5 }, { top1: 0, top5: 0 });
});

test("the loss is the negative log probability of the label, however large the logits", async () => {
  const { losses } = await measure(
    [
      [0, 0, 0, 0],
      [1, 2, 3, 4],
      [1000, 0, 0, 0],
      [1000, 0, 0, 0],
    ],
    [2, 3, 0, 1],
  );
  const exponentials = [1, 2, 3, 4].map(Math.exp);
  const expected = [Math.log(4), Math.log(exponentials.reduce((a, b) => a + b)) - 4, 0, 1000];
  for (const [i, loss] of losses.entries()) assert.ok(Math.abs(loss - expected[i]!) < 1e-5, `${losses}`);
});
