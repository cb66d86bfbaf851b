import type { TensorValue } from "../../../src/engine/engine-protocol.js";
import type { GraphBuilder } from "../../../src/graph/graph-builder.js";
import { specOf, type Tensor } from "../../../src/graph/graph-node.js";
import { completeGraph } from "../../../src/graph/saved-model/complete-graph.js";
import type { SavedModelGraph, SignatureTable } from "../../../src/graph/saved-model/signature.js";
import type { TensorSpec } from "../../../src/graph/tensor-spec.js";
import type { Variables } from "../../../src/graph/variables.js";

type Tensors = Readonly<Record<string, Tensor>>;

interface Call {
  readonly inputs: Tensors;
  readonly outputs: Tensors;
}

/** A graph with the given signatures, and with those of checkpoints when it has variables. */
export function graphOf(
  graph: GraphBuilder,
  calls: Readonly<Record<string, Call>>,
  variables?: Variables,
): SavedModelGraph {
  const signatures: SignatureTable = Object.fromEntries(
    Object.entries(calls).map(([name, { inputs, outputs }]) => [
      name,
      { inputs: specsOf(inputs), outputs: specsOf(outputs) },
    ]),
  );
  return completeGraph(graph, signatures, variables?.all);
}

function specsOf(tensors: Tensors): Record<string, TensorSpec> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, specOf(tensor)]));
}

/** float32 values to feed; a fresh array each time, since a run takes its inputs over. */
export function float32Value(shape: readonly number[], values: Iterable<number>): TensorValue {
  return { dtype: "float32", shape, data: Float32Array.from(values) };
}

export function int32Value(shape: readonly number[], values: Iterable<number>): TensorValue {
  return { dtype: "int32", shape, data: Int32Array.from(values) };
}

/** The numbers of a fetched tensor. */
export function numbersOf(value: TensorValue | undefined): number[] {
  if (value === undefined) throw new Error("Expected a fetched tensor. Received nothing.");
  return Array.from(value.data as Iterable<number | bigint>, Number);
}

/** The number in a fetched scalar. */
export function numberOf(value: TensorValue | undefined): number {
  const [number, ...others] = numbersOf(value);
  if (number === undefined || others.length > 0) throw new Error("Expected a scalar.");
  return number;
}
