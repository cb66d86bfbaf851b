import { AppError } from "../core/app-error.js";
import type { Attributes } from "./attribute-value.js";
import type { DType, Shape, TensorSpec } from "./tensor-spec.js";

/** One operation of a graph. */
export class GraphNode {
  /** The outputs, in the order of the operation's definition. */
  readonly outputs: readonly Tensor[];

  constructor(
    /** The node's place in the graph, after all of its inputs. */
    readonly position: number,
    readonly name: string,
    /** TensorFlow's operation, for example "Conv2D". */
    readonly op: string,
    readonly inputs: readonly Tensor[],
    /** Nodes that must run first, although none of their outputs is read. */
    readonly controlInputs: readonly GraphNode[],
    readonly attributes: Attributes,
    outputs: readonly OutputSpec[],
  ) {
    this.outputs = outputs.map(({ dtype, shape }, index) => {
      return { name: `${name}:${index}`, dtype, shape, node: this, index };
    });
  }

  /** @throws AppError `GRAPH_INVALID` when the operation has no such output */
  output(index: number): Tensor {
    const tensor = this.outputs[index];
    if (tensor === undefined) {
      throw new AppError(
        "GRAPH_INVALID",
        `${this.op} "${this.name}" has ${this.outputs.length} outputs. Asked for number ${index}.`,
      );
    }
    return tensor;
  }

  /** @throws AppError `GRAPH_INVALID` when the operation has no such input */
  input(index: number): Tensor {
    const tensor = this.inputs[index];
    if (tensor === undefined) {
      throw new AppError(
        "GRAPH_INVALID",
        `${this.op} "${this.name}" has ${this.inputs.length} inputs. Asked for number ${index}.`,
      );
    }
    return tensor;
  }
}

/** A value that flows through a graph: one output of one node. */
export interface Tensor extends TensorSpec {
  readonly node: GraphNode;
  readonly index: number;
}

export interface OutputSpec {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** The description of a tensor without the graph that it belongs to. */
export function specOf({ name, dtype, shape }: Tensor): TensorSpec {
  return { name, dtype, shape };
}
