import type { Attributes, Node } from "./messages.js";
import { TENSOR_TYPES, type TensorGroup, type TensorType } from "./tensors.js";

/** Collects the operations of a graph, each of which follows those whose outputs it reads, and its stored tensors. */
export class OnnxGraph {
  readonly nodes: Node[] = [];
  readonly tensors: TensorGroup[] = [];

  /** @returns the name of the output */
  add(operator: string, inputs: readonly string[], output: string, attributes: Attributes = {}): string {
    this.nodes.push({ operator, inputs, output, attributes });
    return output;
  }

  /** Converts a value to another type. */
  cast(value: string, type: TensorType, output: string): string {
    return this.add("Cast", [value], output, { to: TENSOR_TYPES[type].number });
  }

  /** Stores a tensor of a few values. */
  constant(
    name: string,
    type: TensorType,
    shape: readonly number[],
    values: ArrayBufferView<ArrayBuffer>,
  ): string {
    this.tensors.push({ tensors: [{ name, type, shape }], load: async () => [[values]] });
    return name;
  }
}
