import { AppError } from "../../core/app-error.js";
import type { GraphNode } from "../graph-node.js";
import type { Padding } from "../ops/convolution.js";
import type { PoolingWindow } from "../ops/pooling.js";

/** Stride and padding of a convolution. */
export function convolutionOptionsOf(node: GraphNode): { stride: number; padding: Padding } {
  return { stride: strideOf(node), padding: paddingOf(node) };
}

/** Window, stride and padding of a pooling. */
export function poolingWindowOf(node: GraphNode): PoolingWindow {
  const padding = paddingOf(node);
  const [, window = 1] = integersOf(node, "ksize");
  return { window, stride: strideOf(node), padding: typeof padding === "number" ? padding : 0 };
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

function strideOf(node: GraphNode): number {
  const [, stride = 1] = integersOf(node, "strides");
  return stride;
}

/** EXPLICIT pads every side of an image alike. */
function paddingOf(node: GraphNode): Padding {
  const { padding } = node.attributes;
  if (padding === undefined || !("text" in padding)) return missing(node, "padding");
  if (padding.text !== "EXPLICIT") return padding.text === "VALID" ? "VALID" : "SAME";
  const [, , top = 0] = integersOf(node, "explicit_paddings");
  return top;
}

function integersOf(node: GraphNode, name: string): readonly number[] {
  const integers = node.attributes[name];
  if (integers === undefined || !("ints" in integers)) return missing(node, name);
  return integers.ints;
}

function missing(node: GraphNode, attribute: string): never {
  throw new AppError("GRAPH_INVALID", `${node.op} "${node.name}" lacks its attribute "${attribute}".`);
}
