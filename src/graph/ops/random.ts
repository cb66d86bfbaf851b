import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import type { Shape } from "../tensor-spec.js";
import { int32, int32Vector } from "./constants.js";

/**
 * `StatelessRandomUniform`: float32 in [0, 1), decided by the seed alone.
 *
 * @param sizes int32 [rank]: the shape wanted
 * @param shape the same, as far as it is known while building
 * @param seed int64 [2]
 */
export function randomUniform(graph: GraphBuilder, sizes: Tensor, shape: Shape, seed: Tensor): Tensor {
  return stateless(graph, "StatelessRandomUniform", sizes, shape, seed);
}

/** `StatelessRandomNormal`: float32, mean 0, deviation 1. */
export function randomNormal(graph: GraphBuilder, sizes: Tensor, shape: Shape, seed: Tensor): Tensor {
  return stateless(graph, "StatelessRandomNormal", sizes, shape, seed);
}

/** `StatelessTruncatedNormal`: float32, mean 0, deviation 1, redrawn beyond 2 deviations. */
export function truncatedNormal(graph: GraphBuilder, sizes: Tensor, shape: Shape, seed: Tensor): Tensor {
  return stateless(graph, "StatelessTruncatedNormal", sizes, shape, seed);
}

function stateless(graph: GraphBuilder, op: string, sizes: Tensor, shape: Shape, seed: Tensor): Tensor {
  return graph.add(op, {
    inputs: [sizes, seed],
    attributes: { dtype: { type: "float32" }, T: { type: "int32" }, Tseed: { type: "int64" } },
    outputs: (check) => {
      check.dtype("shape", sizes, "int32");
      check.dtype("seed", seed, "int64");
      const [rank] = check.rank("shape", sizes, 1);
      check.sameSize("length of the shape and its rank", rank, shape.length);
      const [seedSize] = check.rank("seed", seed, 1);
      check.sameSize("seed size", seedSize, 2);
      return [{ dtype: "float32", shape }];
    },
  });
}

/** `RandomUniformInt` from 0 to 0, int32 []: always 0, although no optimization of the graph knows it. */
export function unforeseenZero(graph: GraphBuilder): Tensor {
  return graph.add("RandomUniformInt", {
    inputs: [int32Vector(graph, []), int32(graph, 0), int32(graph, 1)],
    // Deterministic TensorFlow refuses random operations without seeds, even where there is no choice.
    attributes: { T: { type: "int32" }, Tout: { type: "int32" }, seed: { int: 1 }, seed2: { int: 1 } },
    outputs: () => [{ dtype: "int32", shape: [] }],
  });
}
