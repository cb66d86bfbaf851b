import type { Tensor } from "../graph-node.js";
import { float32 } from "../ops/constants.js";
import { add, multiply, sign } from "../ops/math.js";
import type { Variable } from "../variables.js";
import type { OptimizerContext } from "./update-rule.js";

/** Whether sparse training draws the variable to 0: the scale of a batch normalization. */
export function isScale({ name }: Variable): boolean {
  return name.endsWith("/gamma");
}

/**
 * The subgradient of loss + sparsity * |scale|, which is 0 where the scale is 0 (Liu et al., 2017, "Learning Efficient
 * Convolutional Networks through Network Slimming", equation 1).
 */
export function addSparsity(
  { graph }: OptimizerContext,
  gradient: Tensor,
  scale: Tensor,
  sparsity: number,
): Tensor {
  return add(graph, gradient, multiply(graph, sign(graph, scale), float32(graph, sparsity)));
}
