import type { TensorValue } from "../../engine/engine-protocol.js";

/** The outputs of a run of a signature, by name. */
export type GraphOutputs = Readonly<Record<string, TensorValue>>;

export function scalar(outputs: GraphOutputs, name: string): number {
  return Number(outputOf(outputs, name).data[0]);
}

export function floats(outputs: GraphOutputs, name: string): Float32Array {
  const { dtype, data } = outputOf(outputs, name);
  if (data instanceof Float32Array) return data;
  throw new Error(`Expected ${name} as float32. The graph returned ${dtype}.`);
}

export function integers(outputs: GraphOutputs, name: string): Int32Array {
  const { dtype, data } = outputOf(outputs, name);
  if (data instanceof Int32Array) return data;
  throw new Error(`Expected ${name} as int32. The graph returned ${dtype}.`);
}

function outputOf(outputs: GraphOutputs, name: string): TensorValue {
  const value = outputs[name];
  if (value === undefined) throw new Error(`The graph returned no output named ${name}.`);
  return value;
}
