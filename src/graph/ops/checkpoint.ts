import type { GraphBuilder } from "../graph-builder.js";
import type { GraphNode, Tensor } from "../graph-node.js";
import { stringVector } from "./constants.js";
import type { HeldType } from "./variables.js";

/** `SaveV2`: writes tensors under names into the checkpoint files that begin with a prefix. */
export function saveTensors(
  graph: GraphBuilder,
  prefix: Tensor,
  names: readonly string[],
  tensors: readonly Tensor[],
): GraphNode {
  return graph.addNode("SaveV2", {
    inputs: [prefix, ...entries(graph, "SaveV2", names), ...tensors],
    attributes: { dtypes: { types: tensors.map(({ dtype }) => dtype) } },
    outputs: (check) => {
      check.dtype("prefix", prefix, "string");
      check.require(names.length === tensors.length, `${names.length} tensors`, `${tensors.length}`);
      return [];
    },
  });
}

/** `RestoreV2`: reads tensors back; the outputs are in the order of the names. */
export function restoreTensors(
  graph: GraphBuilder,
  prefix: Tensor,
  names: readonly string[],
  held: readonly HeldType[],
): readonly Tensor[] {
  return graph.addNode("RestoreV2", {
    inputs: [prefix, ...entries(graph, "RestoreV2", names)],
    attributes: { dtypes: { types: held.map(({ dtype }) => dtype) } },
    outputs: (check) => {
      check.dtype("prefix", prefix, "string");
      check.require(names.length === held.length, `${names.length} types`, `${held.length}`);
      return held;
    },
  }).outputs;
}

/** The names, and for each the empty slice that stands for the whole tensor. */
function entries(graph: GraphBuilder, op: string, names: readonly string[]): [Tensor, Tensor] {
  return [
    stringVector(graph, names, `${op}/tensor_names`),
    stringVector(
      graph,
      names.map(() => ""),
      `${op}/shape_and_slices`,
    ),
  ];
}

/** `RestoreV2` of one float32 tensor whose name is fed: names string [1] -> the tensor in its own shape. */
export function restoreNamed(graph: GraphBuilder, prefix: Tensor, names: Tensor): Tensor {
  return graph.add("RestoreV2", {
    inputs: [prefix, names, stringVector(graph, [""], "RestoreV2/shape_and_slices")],
    attributes: { dtypes: { types: ["float32"] } },
    outputs: (check) => {
      check.dtype("prefix", prefix, "string");
      check.dtype("names", names, "string");
      return [{ dtype: "float32", shape: [null] }];
    },
  });
}
