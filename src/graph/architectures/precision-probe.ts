import type { ComputePrecision } from "../../core/enumerations.js";
import type { CustomOp } from "../custom-op.js";
import { gradients } from "../gradients/gradients.js";
import { GraphBuilder } from "../graph-builder.js";
import { specOf, type Tensor } from "../graph-node.js";
import { computedLate } from "../initializers/computed-late.js";
import { cast, identity, reshape } from "../ops/array.js";
import { float32, int32Vector, int64Vector } from "../ops/constants.js";
import { conv2D } from "../ops/convolution.js";
import { BIASED_CONVOLUTION, biased, coversBiased } from "../ops/custom/biased-ops.js";
import { add, matMul, multiply, relu, subtract } from "../ops/math.js";
import { randomUniform } from "../ops/random.js";
import { sum } from "../ops/reduction.js";
import { completeGraph } from "../saved-model/complete-graph.js";
import type { SavedModelGraph } from "../saved-model/signature.js";
import { COMPUTE_TYPES } from "./network-graph.js";

/** A convolution of VGG19's fourth block at 224 pixels for two images, and a product as in its hidden layers. */
const IMAGES = [2, 28, 28, 256];
const KERNEL = [3, 3, 256, 256];
const ROWS = [64, 2048];
const MATRIX = [2048, 2048];

/**
 * Builds a graph whose `probe` ({} -> checksum float32 []) computes, in one precision, the operations that training spends
 * most time on: a convolution and a matrix product with their gradients. Its duration is measured.
 */
export function buildPrecisionProbe(
  precision: ComputePrecision,
  customOps: readonly CustomOp[],
): SavedModelGraph {
  const graph = new GraphBuilder(new Set(customOps));
  const dtype = COMPUTE_TYPES[precision];
  const draw = (shape: readonly number[], seed: number): Tensor => {
    const seeds = computedLate(graph, int64Vector(graph, [0, seed]));
    // Weights and activations are on both sides of zero. Sums of positive numbers alone lose digits in bf16.
    return subtract(
      graph,
      randomUniform(graph, int32Vector(graph, shape), shape, seeds),
      float32(graph, 0.5),
    );
  };
  const narrowed = (x: Tensor): Tensor => cast(graph, x, dtype);
  const [images, kernel, rows, matrix] = [draw(IMAGES, 1), draw(KERNEL, 2), draw(ROWS, 3), draw(MATRIX, 4)];
  const convolved = coversBiased(graph, BIASED_CONVOLUTION, narrowed(images), kernel)
    ? biased(graph, BIASED_CONVOLUTION, narrowed(images), kernel, null, { relu: true })
    : relu(graph, conv2D(graph, narrowed(images), narrowed(kernel)));
  const product = relu(graph, matMul(graph, narrowed(rows), narrowed(matrix)));
  const loss = add(graph, total(graph, convolved), total(graph, product));
  const targets = [images, kernel, rows, matrix];
  const byTarget = gradients(graph, loss, targets);
  const sums = targets.flatMap((target) => {
    const gradient = byTarget.get(target);
    return gradient === undefined ? [] : [total(graph, gradient)];
  });
  // Every gradient has to reach an output, or none of it would be computed.
  const checksum = identity(
    graph,
    sums.reduce((all, each) => add(graph, all, each), multiply(graph, loss, float32(graph, 0.5))),
    { name: "checksum" },
  );
  const signatures = { probe: { inputs: {}, outputs: { checksum: specOf(checksum) } } };
  return completeGraph(graph, signatures);
}

/** The sum of all elements: float32 []. */
function total(graph: GraphBuilder, x: Tensor): Tensor {
  const elements = x.shape.reduce<number>((product, size) => product * (size ?? 1), 1);
  const flat = reshape(graph, cast(graph, x, "float32"), int32Vector(graph, [elements]), [elements]);
  return sum(graph, flat, [0]);
}
