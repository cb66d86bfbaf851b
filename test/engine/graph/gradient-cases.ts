import type { GraphBuilder } from "../../../src/graph/graph-builder.js";
import type { Tensor } from "../../../src/graph/graph-node.js";
import { cast, identity, reshape } from "../../../src/graph/ops/array.js";
import { int32Vector } from "../../../src/graph/ops/constants.js";
import { conv2D } from "../../../src/graph/ops/convolution.js";
import * as math from "../../../src/graph/ops/math.js";
import { fusedBatchNorm } from "../../../src/graph/ops/normalization.js";
import { maxPool } from "../../../src/graph/ops/pooling.js";
import { mean, sum } from "../../../src/graph/ops/reduction.js";
import { subsample } from "../../../src/graph/ops/subsampling.js";

/** One use of an operation, for the check of its gradient rule. */
export interface GradientCase {
  readonly op: string;
  readonly use: string;
  readonly inputs: readonly GradientInput[];
  readonly build: (graph: GraphBuilder, ...inputs: Tensor[]) => Tensor;
  /** Step of the finite differences. Default 0.01. */
  readonly move?: number;
}

export interface GradientInput {
  /** Sizes at run time. */
  readonly shape: readonly number[];
  /** Leaves the first axis open while building, as the batch is. */
  readonly openBatch?: boolean;
  /** Default: distinct values in (-1, 1), none near 0. */
  readonly values?: readonly number[];
  /** True for inputs that the operation has no gradient for. */
  readonly constant?: boolean;
}

const of = (...shape: number[]): GradientInput => ({ shape });
const batchOf = (...shape: number[]): GradientInput => ({ shape, openBatch: true });
const statistics = (values: readonly number[]): GradientInput => ({ shape: [values.length], values });

export const GRADIENT_CASES: readonly GradientCase[] = [
  { op: "Identity", use: "as it is", inputs: [of(2, 3)], build: (graph, x) => identity(graph, x) },
  {
    op: "Cast",
    use: "to bf16 and back, on values that bf16 holds exactly",
    inputs: [{ shape: [4], values: [-1, -0.5, 0.5, 1.5] }],
    build: (graph, x) => cast(graph, cast(graph, x, "bfloat16"), "float32"),
    move: 0.25,
  },
  {
    op: "Reshape",
    use: "flattening images of an open batch",
    inputs: [batchOf(2, 2, 3)],
    build: (graph, x) => reshape(graph, x, int32Vector(graph, [-1, 6]), [null, 6]),
  },
  { op: "AddV2", use: "equal shapes", inputs: [of(2, 3), of(2, 3)], build: math.add },
  { op: "AddV2", use: "a vector to every row", inputs: [batchOf(4, 3), of(3)], build: math.add },
  { op: "AddV2", use: "a value to itself", inputs: [of(3)], build: (graph, x) => math.add(graph, x, x) },
  { op: "Sub", use: "equal shapes", inputs: [of(2, 3), of(2, 3)], build: math.subtract },
  { op: "Sub", use: "a column from every column", inputs: [of(2, 3), of(2, 1)], build: math.subtract },
  { op: "Mul", use: "equal shapes", inputs: [of(2, 3), of(2, 3)], build: math.multiply },
  { op: "Mul", use: "by a scalar", inputs: [batchOf(2, 3), of()], build: math.multiply },
  { op: "Mul", use: "a row by a column", inputs: [of(1, 3), of(2, 1)], build: math.multiply },
  { op: "Neg", use: "as it is", inputs: [of(2, 3)], build: math.negate },
  { op: "Sum", use: "over rows", inputs: [batchOf(4, 3)], build: (graph, x) => sum(graph, x, [0]) },
  {
    op: "Sum",
    use: "over two axes, keeping them",
    inputs: [of(2, 3, 2)],
    build: (graph, x) => sum(graph, x, [0, 2], { keepDims: true }),
  },
  { op: "Mean", use: "over an open batch", inputs: [batchOf(4)], build: (graph, x) => mean(graph, x, [0]) },
  {
    op: "Mean",
    use: "over the pixels of images",
    inputs: [batchOf(2, 3, 2, 2)],
    build: (graph, x) => mean(graph, x, [1, 2]),
  },
  { op: "LogSoftmax", use: "over classes", inputs: [batchOf(3, 4)], build: math.logSoftmax },
  { op: "Relu", use: "on both sides of 0", inputs: [of(4, 5)], build: math.relu },
  {
    op: "MatMul",
    use: "as it is",
    inputs: [batchOf(2, 3), of(3, 4)],
    build: (graph, a, b) => math.matMul(graph, a, b),
  },
  ...[
    { transposeA: true, transposeB: false, inputs: [of(3, 2), of(3, 4)] },
    { transposeA: false, transposeB: true, inputs: [of(2, 3), of(4, 3)] },
    { transposeA: true, transposeB: true, inputs: [of(3, 2), of(4, 3)] },
  ].map(({ inputs, ...transposed }) => ({
    op: "MatMul",
    use: `transposed: ${JSON.stringify(transposed)}`,
    inputs,
    build: (graph: GraphBuilder, ...[a, b]: Tensor[]) => math.matMul(graph, a!, b!, transposed),
  })),
  {
    op: "MatMul",
    use: "by a kernel that was narrowed to bf16, on values that it holds exactly",
    inputs: [
      { shape: [2, 3], values: [0.5, -1, 1.5, 0.25, 1, -0.5] },
      { shape: [3, 2], values: [1, -0.5, 0.25, 0.5, -1, 1.5] },
    ],
    build: (graph, a, b) => {
      const product = math.matMul(graph, cast(graph, a!, "bfloat16"), cast(graph, b!, "bfloat16"));
      return cast(graph, product, "float32");
    },
    move: 0.25,
  },
  { op: "BiasAdd", use: "dense", inputs: [batchOf(2, 3), of(3)], build: math.biasAdd },
  { op: "BiasAdd", use: "images", inputs: [batchOf(2, 2, 2, 3), of(3)], build: math.biasAdd },
  {
    op: "Conv2D",
    use: "stride 1, same size",
    inputs: [batchOf(2, 4, 3, 2), of(3, 3, 2, 3)],
    build: (graph, x, kernel) => conv2D(graph, x, kernel),
  },
  {
    op: "Conv2D",
    use: "stride 2, no padding",
    inputs: [of(1, 5, 5, 2), of(3, 3, 2, 2)],
    build: (graph, x, kernel) => conv2D(graph, x, kernel, { stride: 2, padding: "VALID" }),
  },
  {
    op: "Conv2D",
    use: "stride 2, padded on every side",
    inputs: [batchOf(2, 6, 5, 2), of(3, 3, 2, 2)],
    build: (graph, x, kernel) => conv2D(graph, x, kernel, { stride: 2, padding: 1 }),
  },
  {
    op: "Conv2D",
    use: "1 x 1, stride 2",
    inputs: [batchOf(1, 4, 5, 3), of(1, 1, 3, 2)],
    build: (graph, x, kernel) => conv2D(graph, x, kernel, { stride: 2 }),
  },
  {
    op: "StridedSlice",
    use: "every second pixel of an odd and an even side",
    inputs: [batchOf(2, 5, 4, 3)],
    build: (graph, x) => subsample(graph, x, 2),
  },
  {
    op: "MaxPool",
    use: "even sides",
    inputs: [batchOf(1, 4, 4, 2)],
    build: (graph, x) => maxPool(graph, x, { window: 2, stride: 2, padding: 0 }),
  },
  {
    op: "MaxPool",
    use: "odd sides, whose rest is dropped",
    inputs: [of(1, 5, 3, 1)],
    build: (graph, x) => maxPool(graph, x, { window: 2, stride: 2, padding: 0 }),
  },
  {
    op: "MaxPool",
    use: "overlapping windows on a padded image",
    inputs: [batchOf(1, 6, 5, 2)],
    build: (graph, x) => maxPool(graph, x, { window: 3, stride: 2, padding: 1 }),
  },
  {
    op: "FusedBatchNormV3",
    use: "by the batch's statistics",
    inputs: [
      batchOf(2, 3, 2, 2),
      statistics([0.5, 1.5]),
      statistics([-0.3, 0.7]),
      { ...statistics([0.2, -0.1]), constant: true },
      { ...statistics([0.6, 1.4]), constant: true },
    ],
    build: (graph, x, scale, offset, mean, variance) =>
      normalize(graph, x, { scale, offset, mean, variance }, true),
  },
  {
    op: "FusedBatchNormV3",
    use: "by given statistics",
    inputs: [
      batchOf(2, 3, 2, 2),
      statistics([0.5, 1.5]),
      statistics([-0.3, 0.7]),
      { ...statistics([0.2, -0.1]), constant: true },
      { ...statistics([0.6, 1.4]), constant: true },
    ],
    build: (graph, x, scale, offset, mean, variance) =>
      normalize(graph, x, { scale, offset, mean, variance }, false),
  },
];

function normalize(
  graph: GraphBuilder,
  x: Tensor | undefined,
  parameters: Record<"scale" | "offset" | "mean" | "variance", Tensor | undefined>,
  training: boolean,
): Tensor {
  const { scale, offset, mean: center, variance } = parameters;
  const inputs = { scale: scale!, offset: offset!, mean: center!, variance: variance! };
  return fusedBatchNorm(graph, x!, inputs, { epsilon: 1e-3, training }).output(0);
}
