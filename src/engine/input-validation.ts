import { AppError } from "../core/app-error.js";
import type { Signature } from "../graph/saved-model/signature.js";
import { elementCount, formatSpec, type TensorSpec } from "../graph/tensor-spec.js";
import { arrayName, holdsDataType } from "./data-types.js";
import type { TensorData, TensorValue } from "./engine-protocol.js";

/**
 * Checks the inputs of a run before the library sees them, because a run that the library refuses leaks its inputs.
 *
 * @throws AppError `ENGINE_INPUT_INVALID` with the name of the input as `path`
 */
export function validateInputs(
  name: string,
  signature: Signature,
  inputs: Readonly<Record<string, TensorValue>>,
): void {
  for (const input of Object.keys(inputs)) {
    if (signature.inputs[input] === undefined) {
      const expected = Object.keys(signature.inputs).join(", ") || "no inputs";
      throw invalid(name, input, `is not an input of the signature, which takes ${expected}`);
    }
  }
  for (const [input, spec] of Object.entries(signature.inputs)) {
    const value = inputs[input];
    if (value === undefined) throw invalid(name, input, `is missing: expected ${formatSpec(spec)}`);
    const fault = faultOf(value, spec);
    if (fault !== null) throw invalid(name, input, fault);
  }
}

function faultOf({ dtype, shape, data }: TensorValue, spec: TensorSpec): string | null {
  if (dtype !== spec.dtype || !fits(shape, spec.shape)) {
    return `must be ${formatSpec(spec)}. Received ${formatSpec({ dtype, shape })}`;
  }
  if (!holdsDataType(data, dtype)) {
    return `of type ${dtype} must be kept in a ${arrayName(dtype)}. Received ${constructorName(data)}`;
  }
  if (ArrayBuffer.isView(data) && data.buffer instanceof ArrayBuffer && data.buffer.detached) {
    return "has no data: the array was given to an earlier run. Create a new array for every run";
  }
  const expected = elementCount(shape);
  if (data.length !== expected) {
    return `of shape [${shape.join(", ")}] must have ${expected} elements. Received ${data.length}`;
  }
  return null;
}

function fits(shape: readonly number[], expected: TensorSpec["shape"]): boolean {
  return (
    shape.length === expected.length &&
    shape.every((size, axis) => {
      if (!Number.isSafeInteger(size) || size < 0) return false;
      return expected[axis] === null || expected[axis] === size;
    })
  );
}

function constructorName(data: TensorData): string {
  return data.constructor.name;
}

function invalid(signature: string, input: string, fault: string): AppError {
  return new AppError("ENGINE_INPUT_INVALID", `${signature}: input \`${input}\` ${fault}.`, {
    path: [input],
  });
}
