import {
  type EncodedFlatbuffer,
  encodeFlatbuffer,
  type FlatBytes,
  type FlatTable,
  float32,
  float32Numbers,
  int8,
  int32,
  int32Numbers,
  int64Numbers,
  list,
  type StreamedBytes,
  table,
  text,
  uint32,
} from "./flatbuffer.js";

// Numbers and fields of TensorFlow Lite's schema.fbs, version 3.
const SCHEMA_VERSION = 3;
const FILE_IDENTIFIER = "TFL3";

export const TENSOR_TYPES = { FLOAT32: 0, FLOAT16: 1, INT32: 2, UINT8: 3, INT8: 9 } as const;
export type TensorType = keyof typeof TENSOR_TYPES;

interface OperatorKind {
  /** BuiltinOperator */
  readonly code: number;
  /** BuiltinOptions; 0: the operator has none. */
  readonly optionsType: number;
  /** The version that TensorFlow's converter gives the operator for float32 and for int8. */
  readonly versions: { readonly float: number; readonly int8: number };
}

const OPERATORS = {
  ADD: { code: 0, optionsType: 11, versions: { float: 1, int8: 2 } },
  CONV_2D: { code: 3, optionsType: 1, versions: { float: 1, int8: 3 } },
  DEPTHWISE_CONV_2D: { code: 4, optionsType: 2, versions: { float: 1, int8: 3 } },
  // Version 3 reads float16, and no other use is made of it.
  DEQUANTIZE: { code: 6, optionsType: 0, versions: { float: 3, int8: 2 } },
  FULLY_CONNECTED: { code: 9, optionsType: 8, versions: { float: 1, int8: 4 } },
  MAX_POOL_2D: { code: 17, optionsType: 5, versions: { float: 1, int8: 2 } },
  MUL: { code: 18, optionsType: 21, versions: { float: 1, int8: 2 } },
  RESHAPE: { code: 22, optionsType: 17, versions: { float: 1, int8: 1 } },
  SOFTMAX: { code: 25, optionsType: 9, versions: { float: 1, int8: 2 } },
  PAD: { code: 34, optionsType: 22, versions: { float: 1, int8: 2 } },
  MEAN: { code: 40, optionsType: 27, versions: { float: 1, int8: 2 } },
  CAST: { code: 53, optionsType: 0, versions: { float: 1, int8: 1 } },
  QUANTIZE: { code: 114, optionsType: 0, versions: { float: 1, int8: 1 } },
} as const satisfies Record<string, OperatorKind>;
export type OperatorName = keyof typeof OPERATORS;

const ACTIVATIONS = { linear: 0, relu: 1 } as const;
type ActivationName = keyof typeof ACTIVATIONS;
const PADDINGS = { SAME: 0, VALID: 1 } as const;
export type PaddingName = keyof typeof PADDINGS;

export const OPTIONS = {
  convolution: (stride: number, padding: PaddingName, activation: ActivationName) =>
    table(int8(PADDINGS[padding]), int32(stride), int32(stride), int8(ACTIVATIONS[activation])),
  /** A convolution of kernels 1 x 1 with one output channel for each input channel. */
  scaling: () => table(int8(PADDINGS.VALID), int32(1), int32(1), int32(1)),
  pooling: (window: number, stride: number, padding: PaddingName) =>
    table(int8(PADDINGS[padding]), int32(stride), int32(stride), int32(window), int32(window)),
  fullyConnected: (activation: ActivationName) => table(int8(ACTIVATIONS[activation])),
  softmax: () => table(float32(1)),
  add: (activation: ActivationName) => table(int8(ACTIVATIONS[activation])),
  multiply: () => table(),
  reshape: (shape: readonly number[]) => table(int32Numbers(shape)),
  pad: () => table(),
  mean: () => table(),
} as const;

/** real = scale * (quantized - zeroPoint), for the whole tensor or along an axis. */
export interface TensorQuantization {
  readonly scales: Float32Array;
  readonly zeroPoint: number;
  /** Axis of the scales, where there is more than one. */
  readonly axis: number;
}

export interface TfliteTensor {
  readonly name: string;
  readonly type: TensorType;
  /** With 1 in place of the batch. */
  readonly shape: readonly number[];
  readonly hasBatch: boolean;
  readonly quantization: TensorQuantization | null;
  /** Null: computed. */
  readonly content: FlatBytes | StreamedBytes | null;
}

/** A position among the tensors of a graph. */
export type TensorIndex = number;

export interface TfliteOperator {
  readonly name: OperatorName;
  readonly inputs: readonly TensorIndex[];
  readonly output: TensorIndex;
  readonly options: FlatTable | null;
}

export interface TfliteModel {
  readonly description: string;
  /** Decides the versions of the operators. */
  readonly arithmetic: "float" | "int8";
  readonly tensors: readonly TfliteTensor[];
  /** In the order of execution. */
  readonly operators: readonly TfliteOperator[];
  readonly images: TensorIndex;
  readonly probabilities: TensorIndex;
  /** By name. */
  readonly metadata: ReadonlyMap<string, Uint8Array>;
}

/** Encodes a model with one subgraph and the signature `serving_default`: images -> probabilities. */
export function encodeModel(model: TfliteModel): EncodedFlatbuffer {
  const { arithmetic, tensors, operators, metadata } = model;
  const operatorNames = [...new Set(operators.map(({ name }) => name))];
  // The first buffer is empty: that of the computed tensors.
  const buffers: FlatTable[] = [table()];
  const bufferOf = (content: FlatBytes | StreamedBytes | null): number =>
    content === null ? 0 : buffers.push(table(content)) - 1;
  const encodedTensors = tensors.map((tensor) => encodeTensor(tensor, bufferOf(tensor.content)));
  const encodedMetadata = [...metadata].map(([name, bytes]) =>
    table(text(name), uint32(bufferOf({ kind: "bytes", bytes }))),
  );
  const subgraph = table(
    list(encodedTensors),
    int32Numbers([model.images]),
    int32Numbers([model.probabilities]),
    list(operators.map((operator) => encodeOperator(operator, operatorNames.indexOf(operator.name)))),
    text("main"),
  );
  const signature = table(
    list([table(text("images"), uint32(model.images))]),
    list([table(text("probabilities"), uint32(model.probabilities))]),
    text("serving_default"),
    null,
    uint32(0),
  );
  const root = table(
    uint32(SCHEMA_VERSION),
    list(operatorNames.map((name) => encodeOperatorCode(name, arithmetic))),
    list([subgraph]),
    text(model.description),
    list(buffers),
    null,
    list(encodedMetadata),
    list([signature]),
  );
  return encodeFlatbuffer(root, FILE_IDENTIFIER);
}

/** The code stands twice: once in a byte, for runtimes from before there were more than 127 operators. */
function encodeOperatorCode(name: OperatorName, arithmetic: TfliteModel["arithmetic"]): FlatTable {
  const { code, versions } = OPERATORS[name];
  return table(int8(Math.min(code, 127)), null, int32(versions[arithmetic]), int32(code));
}

function encodeTensor(tensor: TfliteTensor, buffer: number): FlatTable {
  const { name, type, shape, hasBatch, quantization } = tensor;
  return table(
    int32Numbers(shape),
    int8(TENSOR_TYPES[type]),
    uint32(buffer),
    text(name),
    quantization === null ? null : encodeQuantization(quantization),
    null,
    null,
    hasBatch ? int32Numbers([-1, ...shape.slice(1)]) : null,
    int8(1),
  );
}

function encodeQuantization({ scales, zeroPoint, axis }: TensorQuantization): FlatTable {
  const zeroPoints = new Array<number>(scales.length).fill(zeroPoint);
  return table(null, null, float32Numbers(scales), int64Numbers(zeroPoints), null, null, int32(axis));
}

function encodeOperator({ name, inputs, output, options }: TfliteOperator, codeIndex: number): FlatTable {
  return table(
    uint32(codeIndex),
    int32Numbers(inputs),
    int32Numbers([output]),
    options === null ? null : int8(OPERATORS[name].optionsType),
    options,
  );
}
