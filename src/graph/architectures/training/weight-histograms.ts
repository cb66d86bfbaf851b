import { specOf, type Tensor } from "../../graph-node.js";
import { packScalars, reshape, stack } from "../../ops/array.js";
import { finite } from "../../ops/comparison.js";
import { float32, int32Vector } from "../../ops/constants.js";
import { mergeBranches, switchOn } from "../../ops/control-flow.js";
import { fixedWidthHistogram } from "../../ops/histogram.js";
import { add, halfSumOfSquares, maximum, multiply, negate } from "../../ops/math.js";
import { maximumOf, minimumOf, sum } from "../../ops/reduction.js";
import { readVariable } from "../../ops/variables.js";
import type { Signature } from "../../saved-model/signature.js";
import { elementCount } from "../../tensor-spec.js";
import type { Variable } from "../../variables.js";
import type { NetworkGraph } from "../network-graph.js";

/** Buckets of equal width from the least to the greatest value. */
export const HISTOGRAM_BUCKETS = 30;

/** The least range as a fraction of the values' magnitude, of which float32 has 23 bits. */
const MIN_RANGE = 2 ** -20;
const MIN_RANGE_AT_ZERO = 2 ** -100;

/**
 * Adds `histograms`: for every trainable variable, in their order, the minimum, maximum, sum and sum of squares, float32
 * [variables, 4], and the number of values in each bucket, int32 [variables, buckets]. Where the sum of squares is not
 * finite, the buckets are empty.
 */
export function addWeightHistograms({ graph, variables }: NetworkGraph): Signature {
  const rows = variables.trainable.map((variable) => graph.scope(variable.name, () => histogramOf(variable)));
  const [first, ...others] = rows;
  if (first === undefined) throw new Error("A network without trainable variables was built.");
  return {
    inputs: {},
    outputs: {
      statistics: specOf(stack(graph, [first.statistics, ...others.map(({ statistics }) => statistics)])),
      counts: specOf(stack(graph, [first.counts, ...others.map(({ counts }) => counts)])),
    },
  };

  /** The kernel refuses an empty range, and all values of a variable may be equal: biases are 0 at first. */
  function justAbove(value: Tensor): Tensor {
    const magnitude = maximum(graph, value, negate(graph, value));
    const share = multiply(graph, magnitude, float32(graph, MIN_RANGE));
    return add(graph, value, maximum(graph, share, float32(graph, MIN_RANGE_AT_ZERO)));
  }

  /** The kernel refuses NaN and does not check for infinity, so it never receives a variable that has either. */
  function countsOf(values: Tensor, range: Tensor, sound: Tensor): Tensor {
    const whenSound = switchOn(graph, values, sound).whenTrue;
    const none = int32Vector(
      graph,
      Array.from({ length: HISTOGRAM_BUCKETS }, () => 0),
    );
    const counted = fixedWidthHistogram(graph, whenSound, range, HISTOGRAM_BUCKETS);
    const uncounted = switchOn(graph, none, sound).whenFalse;
    return mergeBranches(graph, counted, uncounted).output(0);
  }

  function histogramOf(variable: Variable): { readonly statistics: Tensor; readonly counts: Tensor } {
    const size = elementCount(variable.shape);
    const held = readVariable(graph, variable.handle, variable);
    const values = reshape(graph, held, int32Vector(graph, [size]), [size]);
    const [least, greatest] = [minimumOf(graph, values, [0]), maximumOf(graph, values, [0])];
    const squares = multiply(graph, halfSumOfSquares(graph, values), float32(graph, 2));
    const range = packScalars(graph, [least, maximum(graph, greatest, justAbove(least))]);
    return {
      statistics: packScalars(graph, [least, greatest, sum(graph, values, [0]), squares]),
      counts: countsOf(values, range, finite(graph, squares)),
    };
  }
}
