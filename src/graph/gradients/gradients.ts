import { AppError } from "../../core/app-error.js";
import type { GraphBuilder } from "../graph-builder.js";
import type { GraphNode, Tensor } from "../graph-node.js";
import { cast } from "../ops/array.js";
import { float32 } from "../ops/constants.js";
import { add } from "../ops/math.js";
import { FLOAT_TYPES, formatSpec } from "../tensor-spec.js";
import { GRADIENT_RULES } from "./gradient-rules.js";

/**
 * Adds the nodes that compute the gradient of a loss with respect to each target: reverse-mode
 * differentiation that visits only the nodes between the targets and the loss.
 *
 * @param loss float32 []
 * @returns a gradient of the same type and shape for every target
 * @throws AppError `GRADIENT_UNDEFINED` when an operation on the way has no rule, or a target has no
 *   influence on the loss
 */
export function gradients(
  graph: GraphBuilder,
  loss: Tensor,
  targets: readonly Tensor[],
): ReadonlyMap<Tensor, Tensor> {
  if (loss.dtype !== "float32" || loss.shape.length !== 0) {
    throw new AppError("GRADIENT_UNDEFINED", `A loss must be float32 []. Received ${formatSpec(loss)}.`);
  }
  const wanted = new Set(targets);
  const influenced = influencedNodes(graph, loss, wanted);
  const matters = (tensor: Tensor): boolean =>
    wanted.has(tensor) || (influenced.has(tensor.node) && isFloating(tensor));

  const one = graph.outsideScopes(() => graph.scope("gradients", () => float32(graph, 1)));
  const contributions = new Map<Tensor, Tensor[]>([[loss, [one]]]);
  const totals = new Map<Tensor, Tensor>();
  const totalOf = (tensor: Tensor): Tensor | undefined => {
    const [first, ...others] = contributions.get(tensor) ?? [];
    if (first === undefined) return undefined;
    const total = totals.get(tensor) ?? others.reduce((sum, other) => addWidened(graph, sum, other), first);
    totals.set(tensor, total);
    return total;
  };

  // A node comes after its inputs, so the reverse order visits every consumer before the nodes that it reads.
  for (const node of graph.nodes.slice(0, loss.node.position + 1).reverse()) {
    if (!influenced.has(node)) continue;
    graph.outsideScopes(() =>
      graph.scope(`gradients/${node.name}`, () => {
        const gradient = gradientOfNode(node, totalOf);
        if (gradient === undefined) return;
        const ruled = ruleOf(node)(graph, node, gradient);
        for (const [index, input] of node.inputs.entries()) {
          const contribution = matters(input) ? ruled[index] : null;
          if (contribution === null || contribution === undefined) continue;
          const known = contributions.get(input);
          if (known === undefined) contributions.set(input, [contribution()]);
          else known.push(contribution());
        }
      }),
    );
  }

  return new Map(
    targets.map((target) => {
      const total = totalOf(target);
      if (total === undefined) {
        throw new AppError("GRADIENT_UNDEFINED", `"${target.name}" has no influence on "${loss.name}".`);
      }
      return [target, total];
    }),
  );
}

/** The nodes up to the loss that compute something from a target. */
function influencedNodes(graph: GraphBuilder, loss: Tensor, targets: ReadonlySet<Tensor>): Set<GraphNode> {
  const influenced = new Set<GraphNode>();
  for (const node of graph.nodes.slice(0, loss.node.position + 1)) {
    const carries = node.inputs.some(
      (input) => targets.has(input) || (influenced.has(input.node) && isFloating(input)),
    );
    if (carries) influenced.add(node);
  }
  return influenced;
}

/** The sum of two contributions; one of them may be wider than the tensor that they belong to. */
function addWidened(graph: GraphBuilder, a: Tensor, b: Tensor): Tensor {
  const dtype = a.dtype === "float32" ? a.dtype : b.dtype;
  return add(graph, cast(graph, a, dtype), cast(graph, b, dtype));
}

/** Integers and booleans, such as shapes and masks, carry no gradient. */
function isFloating({ dtype }: Tensor): boolean {
  return FLOAT_TYPES.includes(dtype);
}

/** The gradient that reached a node's first output; undefined when the loss does not depend on it. */
function gradientOfNode(
  node: GraphNode,
  totalOf: (tensor: Tensor) => Tensor | undefined,
): Tensor | undefined {
  for (const output of node.outputs.slice(1)) {
    if (totalOf(output) !== undefined) {
      throw new AppError(
        "GRADIENT_UNDEFINED",
        `Gradients flow through first outputs alone. Received one for "${output.name}" of ${node.op}.`,
      );
    }
  }
  return node.outputs[0] === undefined ? undefined : totalOf(node.outputs[0]);
}

function ruleOf(node: GraphNode) {
  const rule = GRADIENT_RULES[node.op];
  if (rule === undefined) {
    const known = Object.keys(GRADIENT_RULES).join(", ");
    throw new AppError(
      "GRADIENT_UNDEFINED",
      `Expected an operation with a gradient rule (${known}). Received ${node.op} "${node.name}".`,
    );
  }
  return rule;
}
