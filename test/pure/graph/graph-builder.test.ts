import assert from "node:assert/strict";
import { test } from "node:test";
import { GraphBuilder } from "../../../src/graph/graph-builder.js";
import { identity } from "../../../src/graph/ops/array.js";
import { float32, placeholder } from "../../../src/graph/ops/constants.js";
import { add } from "../../../src/graph/ops/math.js";

test("nodes are named after their operation, and a name that is taken gets a number", () => {
  const graph = new GraphBuilder();
  const x = placeholder(graph, "x", "float32", []);
  for (let i = 0; i < 3; i++) identity(graph, x);
  assert.deepEqual(
    graph.nodes.map(({ name }) => name),
    ["x", "Identity", "Identity_1", "Identity_2"],
  );
});

test("scopes nest, and end after their callback", () => {
  const graph = new GraphBuilder();
  const inner = graph.scope("outer", () => graph.scope("inner", () => float32(graph, 1, "one")));
  const outside = graph.scope("outer", () => graph.outsideScopes(() => float32(graph, 2, "two")));
  assert.throws(() =>
    graph.scope("broken", () => {
      throw new Error("while building");
    }),
  );
  const last = float32(graph, 3, "three");
  assert.deepEqual([inner.name, outside.name, last.name], ["outer/inner/one:0", "two:0", "three:0"]);
});

test("a name that TensorFlow refuses is refused", () => {
  const graph = new GraphBuilder();
  for (const name of ["", "a b", "a+b", "/a", "é"]) {
    assert.throws(() => float32(graph, 1, name), { code: "GRAPH_INVALID" }, name);
  }
});

test("a node cannot read from another graph", () => {
  const [graph, other] = [new GraphBuilder(), new GraphBuilder()];
  const foreign = float32(other, 1, "foreign");
  float32(graph, 1, "own");
  assert.throws(() => identity(graph, foreign), { code: "GRAPH_INVALID", message: /its own graph.*foreign/ });
});

test("a graph knows who reads a tensor", () => {
  const graph = new GraphBuilder();
  const x = float32(graph, 1);
  const [sum, same] = [add(graph, x, x), identity(graph, x)];
  assert.deepEqual(new Set(graph.consumersOf(x)), new Set([sum.node, same.node]));
  assert.deepEqual(graph.consumersOf(sum), []);
});
