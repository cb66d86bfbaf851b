import assert from "node:assert/strict";
import { test } from "node:test";
import { GraphBuilder } from "../../../src/graph/graph-builder.js";
import type { Tensor } from "../../../src/graph/graph-node.js";
import * as array from "../../../src/graph/ops/array.js";
import * as comparison from "../../../src/graph/ops/comparison.js";
import { float32, int32Vector, int64Vector, placeholder } from "../../../src/graph/ops/constants.js";
import { conv2D, conv2DBackpropFilter, conv2DBackpropInput } from "../../../src/graph/ops/convolution.js";
import * as math from "../../../src/graph/ops/math.js";
import { fusedBatchNorm } from "../../../src/graph/ops/normalization.js";
import { maxPool } from "../../../src/graph/ops/pooling.js";
import { randomUniform } from "../../../src/graph/ops/random.js";
import { mean, sum } from "../../../src/graph/ops/reduction.js";
import { subsample } from "../../../src/graph/ops/subsampling.js";
import { assignVariable, variableHandle } from "../../../src/graph/ops/variables.js";
import { type DType, formatSpec, type Shape } from "../../../src/graph/tensor-spec.js";

type Feed = (shape: Shape, dtype?: DType) => Tensor;
type Build = (graph: GraphBuilder, feed: Feed) => Tensor;

function built(build: Build): Tensor {
  const graph = new GraphBuilder();
  return build(graph, (shape, dtype = "float32") => placeholder(graph, "x", dtype, shape));
}

const RESULTS: readonly (readonly [string, Build, string])[] = [
  ["MatMul", (g, x) => math.matMul(g, x([null, 3]), x([3, 4])), "float32 [?, 4]"],
  [
    "MatMul of transposed",
    (g, x) => math.matMul(g, x([3, 2]), x([4, 3]), { transposeA: true, transposeB: true }),
    "float32 [2, 4]",
  ],
  ["Conv2D SAME", (g, x) => conv2D(g, x([null, 7, 5, 3]), x([3, 3, 3, 8])), "float32 [?, 7, 5, 8]"],
  [
    "Conv2D SAME with stride 2",
    (g, x) => conv2D(g, x([1, 7, 5, 3]), x([3, 3, 3, 8]), { stride: 2 }),
    "float32 [1, 4, 3, 8]",
  ],
  [
    "Conv2D VALID",
    (g, x) => conv2D(g, x([1, 7, 5, 3]), x([3, 3, 3, 8]), { padding: "VALID" }),
    "float32 [1, 5, 3, 8]",
  ],
  [
    "Conv2D padded on every side",
    (g, x) => conv2D(g, x([null, 224, 7, 3]), x([7, 7, 3, 8]), { stride: 2, padding: 3 }),
    "float32 [?, 112, 4, 8]",
  ],
  ["StridedSlice of pixels", (g, x) => subsample(g, x([null, 7, 4, 3]), 2), "float32 [?, 4, 2, 3]"],
  [
    "MaxPool drops an odd rest",
    (g, x) => maxPool(g, x([null, 7, 5, 3]), { window: 2, stride: 2, padding: 0 }),
    "float32 [?, 3, 2, 3]",
  ],
  [
    "MaxPool of a padded image",
    (g, x) => maxPool(g, x([null, 112, 7, 3]), { window: 3, stride: 2, padding: 1 }),
    "float32 [?, 56, 4, 3]",
  ],
  ["AddV2 of a row", (g, x) => math.add(g, x([null, 3]), x([3])), "float32 [?, 3]"],
  ["Mul of column and row", (g, x) => math.multiply(g, x([2, 1]), x([1, 3])), "float32 [2, 3]"],
  ["AddV2 keeps what is known", (g, x) => math.add(g, x([null, 3]), x([4, null])), "float32 [4, 3]"],
  ["Equal", (g, x) => comparison.equal(g, x([2, 3]), x([])), "bool [2, 3]"],
  ["Sum", (g, x) => sum(g, x([2, 3, 4]), [0, 2]), "float32 [3]"],
  ["Mean that keeps axes", (g, x) => mean(g, x([null, 3, 4]), [1], { keepDims: true }), "float32 [?, 1, 4]"],
  ["Cast", (g, x) => array.cast(g, x([null, 2], "uint8"), "bfloat16"), "bfloat16 [?, 2]"],
  ["Shape", (g, x) => array.shapeOf(g, x([null, 2])), "int32 [2]"],
  ["OneHot", (g, x) => array.oneHot(g, x([null], "int32"), 5), "float32 [?, 5]"],
  ["TopKV2", (g, x) => array.topKIndices(g, x([null, 5]), 2), "int32 [?, 2]"],
  ["ExpandDims", (g, x) => array.expandDims(g, x([2, 3]), 1), "float32 [2, 1, 3]"],
];

for (const [name, build, expected] of RESULTS) {
  test(`shapes are known while building: ${name}`, () => assert.equal(formatSpec(built(build)), expected));
}

test("a Cast to a value's own type adds no node", () => {
  const graph = new GraphBuilder();
  const x = placeholder(graph, "x", "float32", []);
  assert.equal(array.cast(graph, x, "float32"), x);
});

const FAULTS: readonly (readonly [string, Build, RegExp])[] = [
  [
    "matrices that do not fit",
    (g, x) => math.matMul(g, x([2, 3]), x([4, 5])),
    /^MatMul "layer\/MatMul" expects inner sizes to be equal\. Received 3 and 4\.$/,
  ],
  [
    "matrices of two types",
    (g, x) => math.matMul(g, x([2, 3]), x([3, 5], "bfloat16")),
    /operands of one type\. Received float32 \[2, 3\] and bfloat16 \[3, 5\]/,
  ],
  ["a vector as matrix", (g, x) => math.matMul(g, x([3]), x([3, 5])), /rank 2\. Received float32 \[3\]/],
  ["integers as matrix", (g, x) => math.matMul(g, x([2, 3], "int32"), x([3, 5], "int32")), /float32 or bfl/],
  ["shapes that do not broadcast", (g, x) => math.add(g, x([2, 3]), x([2])), /broadcast.*\[2, 3\] and \[2\]/],
  ["channels", (g, x) => conv2D(g, x([1, 8, 8, 3]), x([3, 3, 4, 8])), /channels.*3 and 4/],
  ["an image without batch", (g, x) => conv2D(g, x([8, 8, 3]), x([3, 3, 3, 8])), /rank 4/],
  [
    "an image smaller than the kernel",
    (g, x) => conv2D(g, x([1, 2, 8, 3]), x([3, 3, 3, 8]), { padding: "VALID" }),
    /at least 3 pixels a side\. Received 2/,
  ],
  [
    "nothing left to pool",
    (g, x) => maxPool(g, x([1, 1, 1, 3]), { window: 2, stride: 2, padding: 0 }),
    /at least 2 pixels/,
  ],
  [
    "a padding that is wider than half the window",
    (g, x) => maxPool(g, x([1, 9, 9, 3]), { window: 3, stride: 2, padding: 2 }),
    /at most half the window/,
  ],
  [
    "a bias of another size",
    (g, x) => math.biasAdd(g, x([2, 3]), x([4])),
    /channels of input and bias.*3 and 4/,
  ],
  [
    "a kernel's gradient with other filters",
    (g, x) =>
      conv2DBackpropFilter(g, x([1, 4, 4, 2]), int32Vector(g, [3, 3, 2, 8]), [3, 3, 2, 8], x([1, 4, 4, 9])),
    /filters.*8 and 9/,
  ],
  [
    "an image's gradient with other channels",
    (g, x) =>
      conv2DBackpropInput(g, int32Vector(g, [1, 4, 4, 3]), [1, 4, 4, 3], x([3, 3, 2, 8]), x([1, 4, 4, 8])),
    /channels.*3 and 2/,
  ],
  [
    "statistics in bf16",
    (g, x) => {
      const inputs = { scale: x([3]), offset: x([3]), mean: x([3], "bfloat16"), variance: x([3]) };
      return fusedBatchNorm(g, x([1, 4, 4, 3]), inputs, { epsilon: 1e-3, training: true }).output(0);
    },
    /of type float32\. Received bfloat16 \[3\]/,
  ],
  ["an axis that is not there", (g, x) => sum(g, x([2, 3]), [2]), /axes of \[2, 3\]\. Received \[2\]/],
  [
    "another number of elements",
    (g, x) => array.reshape(g, x([2, 3]), int32Vector(g, [7]), [7]),
    /as many elements.*\[2, 3\] for \[7\]/,
  ],
  ["more than there are", (g, x) => array.topKIndices(g, x([1, 3]), 5), /at most 3\. Received 5/],
  [
    "a short seed",
    (g) => randomUniform(g, int32Vector(g, [2]), [2], int64Vector(g, [1])),
    /seed size.*1 and 2/,
  ],
  ["a float condition", (g, x) => comparison.select(g, x([]), x([]), x([])), /condition of type bool/],
];

for (const [name, build, message] of FAULTS) {
  test(`a wrong node throws where it is added, and the error names it: ${name}`, () => {
    const code = "GRAPH_INVALID";
    assert.throws(() => built((graph, feed) => graph.scope("layer", () => build(graph, feed))), {
      code,
      message,
    });
  });
}

test("a fed tensor is never assigned to a variable directly", () => {
  const graph = new GraphBuilder();
  const held = { dtype: "float32", shape: [2] } as const;
  const handle = variableHandle(graph, "weight", held.dtype, held.shape);
  const fed = placeholder(graph, "fed", "float32", [2]);
  assert.throws(() => assignVariable(graph, handle, held, fed), {
    code: "GRAPH_INVALID",
    message: /computed value.*fed/,
  });
  assert.throws(() => assignVariable(graph, handle, held, array.fill(graph, [3], float32(graph, 0))), {
    message: /shape \[2\]/,
  });
});
