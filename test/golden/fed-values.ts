import type { TensorValue } from "../../src/engine/engine-protocol.js";
import { formulaImages, labels } from "./golden-formula.js";

/** The formula's images, ready to be fed. */
export function fedImages(name: string, count: number, size: number): TensorValue {
  return { dtype: "uint8", shape: [count, size, size, 3], data: formulaImages(name, count, size) };
}

/** The formula's labels, ready to be fed. */
export function fedLabels(name: string, count: number, classes: number): TensorValue {
  return { dtype: "int32", shape: [count], data: labels(name, count, classes) };
}

/** The numbers of a fetched float32 tensor. */
export function floats(value: TensorValue | undefined): Float32Array {
  if (value?.data instanceof Float32Array) return value.data;
  throw new Error(`Expected float32 numbers. Received ${value?.dtype ?? "nothing"}.`);
}

/** The number in a fetched scalar. */
export function scalar(value: TensorValue | undefined): number {
  if (value?.shape.length === 0 && value.data.length === 1) return Number(value.data[0]);
  throw new Error(
    `Expected a scalar. Received ${value === undefined ? "nothing" : JSON.stringify(value.shape)}.`,
  );
}
