import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import { int32 } from "./constants.js";

/**
 * `HistogramFixedWidth`: counts, int32 [buckets], of float32 values in buckets of equal width; a value
 * outside the range, float32 [2], is counted in the outermost ones.
 */
export function fixedWidthHistogram(
  graph: GraphBuilder,
  values: Tensor,
  range: Tensor,
  buckets: number,
): Tensor {
  return graph.add("HistogramFixedWidth", {
    inputs: [values, range, int32(graph, buckets)],
    attributes: { T: { type: "float32" }, dtype: { type: "int32" } },
    outputs: (check) => {
      check.dtype("values", values, "float32");
      check.dtype("range", range, "float32");
      return [{ dtype: "int32", shape: [buckets] }];
    },
  });
}
