import { AppError } from "../../core/app-error.js";
import type { GraphNode } from "../graph-node.js";
import type { Padding } from "../ops/convolution.js";

/** Stride and padding of a convolution. */
export function convolutionOptionsOf(node: GraphNode): { stride: number; padding: Padding } {
  const { strides, padding } = node.attributes;
  if (strides === undefined || !("ints" in strides)) return missing(node, "strides");
  if (padding === undefined || !("text" in padding)) return missing(node, "padding");
  return { stride: strides.ints[1] ?? 1, padding: padding.text === "VALID" ? "VALID" : "SAME" };
}

/** Side of the window of a pooling. */
export function windowOf(node: GraphNode): number {
  const { ksize } = node.attributes;
  if (ksize === undefined || !("ints" in ksize)) return missing(node, "ksize");
  return ksize.ints[1] ?? 1;
}

export function flagOf(node: GraphNode, name: string): boolean {
  const flag = node.attributes[name];
  if (flag === undefined || !("bool" in flag)) return missing(node, name);
  return flag.bool;
}

export function numberOf(node: GraphNode, name: string): number {
  const number = node.attributes[name];
  if (number === undefined || !("float" in number)) return missing(node, name);
  return number.float;
}

function missing(node: GraphNode, attribute: string): never {
  throw new AppError("GRAPH_INVALID", `${node.op} "${node.name}" lacks its attribute "${attribute}".`);
}
