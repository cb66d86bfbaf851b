import assert from "node:assert/strict";
import { test } from "node:test";
import { gradients } from "../../../src/graph/gradients/gradients.js";
import { GraphBuilder } from "../../../src/graph/graph-builder.js";
import { cast } from "../../../src/graph/ops/array.js";
import { placeholder } from "../../../src/graph/ops/constants.js";
import { conv2D } from "../../../src/graph/ops/convolution.js";
import { add, cosine, multiply, relu } from "../../../src/graph/ops/math.js";
import { sum } from "../../../src/graph/ops/reduction.js";
import { formatSpec } from "../../../src/graph/tensor-spec.js";

const UNDEFINED = "GRADIENT_UNDEFINED";

test("only nodes between the targets and the loss get gradients", () => {
  const graph = new GraphBuilder();
  const images = placeholder(graph, "images", "float32", [null, 4, 4, 1]);
  const kernel = placeholder(graph, "kernel", "float32", [3, 3, 1, 1]);
  const loss = sum(graph, relu(graph, conv2D(graph, images, kernel)), [0, 1, 2, 3]);
  // Neither beyond the loss nor beside it: these have no rule, which does not matter.
  cosine(graph, loss);
  cosine(graph, kernel);
  const before = graph.nodes.length;
  const byTarget = gradients(graph, loss, [kernel]);

  const added = graph.nodes.slice(before).map(({ op }) => op);
  assert.ok(added.includes("Conv2DBackpropFilter"));
  assert.ok(!added.includes("Conv2DBackpropInput"), "images need no gradient");
  assert.equal(formatSpec(byTarget.get(kernel)!), "float32 [3, 3, 1, 1]");
});

test("gradients of a tensor with several readers are added up", () => {
  const graph = new GraphBuilder();
  const x = placeholder(graph, "x", "float32", [3]);
  const loss = sum(graph, add(graph, multiply(graph, x, x), x), [0]);
  assert.equal(gradients(graph, loss, [x]).get(x)!.node.op, "AddV2");
});

test("a weight gets its gradient in its own type", () => {
  const graph = new GraphBuilder();
  const weight = placeholder(graph, "weight", "float32", [3]);
  const half = cast(graph, weight, "bfloat16");
  const loss = sum(graph, cast(graph, multiply(graph, half, half), "float32"), [0]);
  assert.equal(gradients(graph, loss, [weight]).get(weight)!.dtype, "float32");
});

test("an error names an operation without a gradient rule", () => {
  const graph = new GraphBuilder();
  const x = placeholder(graph, "x", "float32", []);
  const loss = graph.scope("odd", () => cosine(graph, x));
  assert.throws(() => gradients(graph, loss, [x]), { code: UNDEFINED, message: /Received Cos "odd\/Cos"/ });
});

test("an error names a target that the loss does not depend on", () => {
  const graph = new GraphBuilder();
  const x = placeholder(graph, "x", "float32", []);
  const stranger = placeholder(graph, "stranger", "float32", []);
  const loss = multiply(graph, x, x);
  assert.throws(() => gradients(graph, loss, [x, stranger]), { code: UNDEFINED, message: /"stranger:0"/ });
});

test("a loss is one float32 number", () => {
  const graph = new GraphBuilder();
  const x = placeholder(graph, "x", "float32", [3]);
  assert.throws(() => gradients(graph, relu(graph, x), [x]), { code: UNDEFINED, message: /float32 \[3\]/ });
});
