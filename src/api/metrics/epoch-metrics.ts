import { Float, ObjectType } from "type-graphql";
import { EPOCH_METRIC_NAMES, EPOCH_METRICS } from "../../core/metrics/epoch-metrics.js";
import { addField, type TypeClass } from "../configuration/setting-field.js";
import { describeMetric } from "./describe-metric.js";
import { MetricValue } from "./metric-value.js";

@ObjectType({ description: "The metrics of one epoch." })
export class EpochMetrics {}

/** Adds one field for each metric of an epoch. */
export function addMetricFields(target: TypeClass): void {
  for (const name of EPOCH_METRIC_NAMES) {
    const metric = EPOCH_METRICS[name];
    addField(target, name, {
      type: metric.alwaysFinite ? Float : MetricValue,
      description: describeMetric(metric),
      nullable: false,
    });
  }
}

addMetricFields(EpochMetrics);
