import { epochMetricPoints, tensorBoardTag } from "../../core/metrics/epoch-metrics.js";
import type { EpochRecord } from "../../core/run-events.js";
import { floats, type GraphOutputs, integers } from "../loop/graph-outputs.js";
import type { Summary } from "./event.js";

/** Minimum, maximum, sum and sum of squares of a variable, as the signature `histograms` gives them. */
const STATISTICS = 4;

/** Every metric of an epoch. */
export function scalarSummaries(epoch: EpochRecord, step: number): readonly Summary[] {
  return epochMetricPoints(epoch, step).map(({ key, value }) => ({
    kind: "scalar",
    tag: tensorBoardTag(key),
    value,
  }));
}

/**
 * How the weights are spread, of what the signature `histograms` gave. A variable that holds
 * something that is no number is left out.
 *
 * @param variables names, in the order of the outputs' rows
 */
export function histogramSummaries(outputs: GraphOutputs, variables: readonly string[]): readonly Summary[] {
  const statistics = Array.from(floats(outputs, "statistics"));
  const counts = Array.from(integers(outputs, "counts"));
  const buckets = counts.length / variables.length;
  if (statistics.length !== variables.length * STATISTICS || !Number.isInteger(buckets)) {
    throw new Error(`The graph gave ${statistics.length} statistics of ${variables.length} variables.`);
  }
  return variables.flatMap((tag, row) => {
    const ofVariable = statistics.slice(row * STATISTICS, (row + 1) * STATISTICS);
    const [min = 0, max = 0, sum = 0, sumOfSquares = 0] = ofVariable;
    if (!ofVariable.every(Number.isFinite)) return [];
    const histogram = {
      min,
      max,
      sum,
      sumOfSquares,
      counts: counts.slice(row * buckets, (row + 1) * buckets),
    };
    return [{ kind: "histogram", tag, histogram }];
  });
}
