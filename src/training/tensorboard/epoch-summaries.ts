import { epochMetricPoints, tensorBoardTag } from "../../core/metrics/epoch-metrics.js";
import type { EpochRecord } from "../../core/runs/events.js";
import { floats, type GraphOutputs, integers } from "../loop/graph-outputs.js";
import type { Summary } from "./event.js";

/** The statistics that the signature `histograms` returns: minimum, maximum, sum and sum of squares of a variable. */
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
 * The histograms of the weights, from the outputs of the signature `histograms`. A variable that contains NaN is left out.
 *
 * @param variables names in the order of the rows of the outputs
 */
export function histogramSummaries(outputs: GraphOutputs, variables: readonly string[]): readonly Summary[] {
  const statistics = Array.from(floats(outputs, "statistics"));
  const counts = Array.from(integers(outputs, "counts"));
  const buckets = counts.length / variables.length;
  if (statistics.length !== variables.length * STATISTICS || !Number.isInteger(buckets)) {
    throw new Error(`The graph returned ${statistics.length} statistics for ${variables.length} variables.`);
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
