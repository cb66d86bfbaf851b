import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import type { Shape } from "../tensor-spec.js";
import { cast, packScalars } from "./array.js";
import { int32, int64 } from "./constants.js";
import { add } from "./math.js";

/** `tensorflow::Algorithm`: RNG_ALG_PHILOX. */
const PHILOX = 1;

/** Numbers that one step of the generator gives. */
export const NUMBERS_PER_BLOCK = 4;

/** A place in the stream of Philox 4x32-10 (Salmon et al., 2011), in which any place can be reached at once. */
export interface PhiloxState {
  /** uint64 [1]. */
  readonly key: Tensor;
  /** uint64 [2]: the block that comes next. */
  readonly counter: Tensor;
}

/** `StatelessRandomGetKeyCounter`: the beginning of the stream of a seed, int64 [2]. */
export function philoxState(graph: GraphBuilder, seed: Tensor): PhiloxState {
  const node = graph.addNode("StatelessRandomGetKeyCounter", {
    inputs: [seed],
    attributes: { Tseed: { type: "int64" } },
    outputs: (check) => {
      check.dtype("seed", seed, "int64");
      const [size] = check.rank("seed", seed, 1);
      check.sameSize("seed size", size, 2);
      return [
        { dtype: "uint64", shape: [1] },
        { dtype: "uint64", shape: [2] },
      ];
    },
  });
  return { key: node.output(0), counter: node.output(1) };
}

/** The stream from a number of blocks on, int64 []. */
export function skipBlocks(graph: GraphBuilder, { key, counter }: PhiloxState, blocks: Tensor): PhiloxState {
  const distance = cast(graph, packScalars(graph, [blocks, int64(graph, 0)]), "uint64");
  return { key, counter: add(graph, counter, distance) };
}

/** `StatelessRandomUniformV2`: the next numbers of a stream, float32 in [0, 1). */
export function philoxUniform(
  graph: GraphBuilder,
  sizes: Tensor,
  shape: Shape,
  { key, counter }: PhiloxState,
): Tensor {
  return graph.add("StatelessRandomUniformV2", {
    inputs: [sizes, key, counter, int32(graph, PHILOX)],
    attributes: { dtype: { type: "float32" }, Tshape: { type: "int32" } },
    outputs: (check) => {
      check.dtype("shape", sizes, "int32");
      check.dtype("key", key, "uint64");
      check.dtype("counter", counter, "uint64");
      return [{ dtype: "float32", shape }];
    },
  });
}
