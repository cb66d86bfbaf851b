import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import { cast, firstColumns, shapeOf } from "../ops/array.js";
import { int32Vector, int64 } from "../ops/constants.js";
import { add, multiply } from "../ops/math.js";
import { NUMBERS_PER_BLOCK, philoxState, philoxUniform, skipBlocks } from "../ops/philox.js";
import type { DropoutDraw } from "./forward-pass.js";

/**
 * Draws the numbers of a whole batch for any micro-batch of it: each row has its own blocks of the stream.
 *
 * @param seedOf the seed of a layer's stream, int64 [2]
 * @param first place of the micro-batch's first row in the batch, int32 []; null: the micro-batch is the batch
 */
export function dropoutDraw(
  graph: GraphBuilder,
  seedOf: (stream: number) => Tensor,
  first: Tensor | null,
): DropoutDraw {
  return (features, stream) => {
    const [rows = null, columns] = features.shape;
    const blocks = Math.ceil((columns ?? 0) / NUMBERS_PER_BLOCK);
    const width = blocks * NUMBERS_PER_BLOCK;
    const start = philoxState(graph, seedOf(stream));
    const from =
      first === null
        ? start
        : skipBlocks(graph, start, multiply(graph, cast(graph, first, "int64"), int64(graph, blocks)));
    const sizes = add(graph, shapeOf(graph, features), int32Vector(graph, [0, width - (columns ?? 0)]));
    const drawn = philoxUniform(graph, sizes, [rows, width], from);
    return width === columns ? drawn : firstColumns(graph, drawn, columns ?? 0);
  };
}
