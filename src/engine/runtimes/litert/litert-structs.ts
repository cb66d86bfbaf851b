import { AppError } from "../../../core/app-error.js";

/** sizeof(LiteRtRankedTensorType): type, rank, 8 sizes, 8 strides. */
export const TENSOR_TYPE_BYTES = 72;
/** sizeof(LiteRtQuantizationPerTensor) */
export const QUANTIZATION_BYTES = 16;

const RANK_OFFSET = 4;
/** The eighth bit says whether there are strides. */
const RANK_MASK = 0x7f;
const DIMENSIONS_OFFSET = 8;
const MAX_RANK = 8;
const ELEMENT_TYPES: Readonly<Record<number, "FLOAT32" | "UINT8">> = { 1: "FLOAT32", 3: "UINT8" };

/** LiteRtRankedTensorType */
export interface TensorType {
  /** The struct. */
  readonly bytes: Buffer;
  readonly elementType: "FLOAT32" | "UINT8";
  /** The first one is the number of images, or negative where it is open. */
  readonly dimensions: readonly number[];
  readonly elements: number;
  readonly withBatch: (images: number) => TensorType;
}

/** @throws AppError `RUNTIME_FAILED` for a tensor that no export of this program has */
export function parseTensorType(bytes: Buffer): TensorType {
  const code = bytes.readInt32LE(0);
  const elementType = ELEMENT_TYPES[code];
  const rank = bytes.readUInt32LE(RANK_OFFSET) & RANK_MASK;
  if (elementType === undefined || rank < 1 || rank > MAX_RANK) {
    throw new AppError(
      "RUNTIME_FAILED",
      `Expected a tensor of uint8 or float32 with 1 to ${MAX_RANK} axes. LiteRT found type ${code} and ${rank} axes.`,
    );
  }
  const dimensions = Array.from({ length: rank }, (_, axis) =>
    bytes.readInt32LE(DIMENSIONS_OFFSET + 4 * axis),
  );
  return {
    bytes,
    elementType,
    dimensions,
    elements: dimensions.reduce((product, size) => product * size, 1),
    withBatch(images) {
      const changed = Buffer.from(bytes);
      changed.writeInt32LE(images, DIMENSIONS_OFFSET);
      return parseTensorType(changed);
    },
  };
}

/** real = scale * (quantized - zeroPoint) */
export interface Quantization {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** @param bytes LiteRtQuantizationPerTensor */
export function parseQuantization(bytes: Buffer): Quantization {
  return { scale: bytes.readFloatLE(0), zeroPoint: Number(bytes.readBigInt64LE(8)) };
}
