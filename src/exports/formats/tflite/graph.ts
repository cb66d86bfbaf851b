import { bytesOf } from "../../files/export-file.js";
import type { FlatTable, StreamedBytes } from "./flatbuffer.js";
import type {
  OperatorName,
  TensorIndex,
  TensorQuantization,
  TensorType,
  TfliteOperator,
  TfliteTensor,
} from "./schema.js";

/** Collects the tensors and operators of a model. */
export class TfliteGraph {
  readonly tensors: TfliteTensor[] = [];
  readonly operators: TfliteOperator[] = [];

  /** Adds a tensor that an operator computes. @param shape of one image, without the batch axis */
  addActivation(
    name: string,
    type: TensorType,
    shape: readonly number[],
    quantization: TensorQuantization | null = null,
  ): TensorIndex {
    return this.#add({ name, type, shape: [1, ...shape], hasBatch: true, quantization, content: null });
  }

  addConstant(
    name: string,
    type: TensorType,
    shape: readonly number[],
    values: ArrayBufferView<ArrayBuffer>,
    quantization: TensorQuantization | null = null,
  ): TensorIndex {
    const content = { kind: "bytes", bytes: bytesOf(values) } as const;
    return this.#add({ name, type, shape, hasBatch: false, quantization, content });
  }

  /** Adds a constant whose content is written later. */
  addWeights(
    name: string,
    type: TensorType,
    shape: readonly number[],
    content: StreamedBytes,
    quantization: TensorQuantization | null = null,
  ): TensorIndex {
    return this.#add({ name, type, shape, hasBatch: false, quantization, content });
  }

  /** Adds a tensor that depends on constants alone. */
  addComputedWeights(name: string, type: TensorType, shape: readonly number[]): TensorIndex {
    return this.#add({ name, type, shape, hasBatch: false, quantization: null, content: null });
  }

  addOperator(
    name: OperatorName,
    inputs: readonly TensorIndex[],
    output: TensorIndex,
    options: FlatTable | null = null,
  ): TensorIndex {
    this.operators.push({ name, inputs, output, options });
    return output;
  }

  tensor(index: TensorIndex): TfliteTensor {
    const tensor = this.tensors[index];
    if (tensor === undefined) throw new Error(`There is no tensor ${index}.`);
    return tensor;
  }

  #add(tensor: TfliteTensor): TensorIndex {
    return this.tensors.push(tensor) - 1;
  }
}
