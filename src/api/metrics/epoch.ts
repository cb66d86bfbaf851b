import { Field, Float, Int, ObjectType } from "type-graphql";
import { EPOCH_METRIC_NAMES, EPOCH_METRICS } from "../../core/metrics/epoch-metrics.js";
import type { EpochRecord } from "../../core/run-events.js";
import { addField } from "../configuration/setting-field.js";
import { describeMetric } from "./describe-metric.js";
import { MetricValue } from "./metric-value.js";

@ObjectType({ description: "The figures of one epoch." })
export class Epoch implements Pick<EpochRecord, "number" | "seconds"> {
  @Field(() => Int, { description: "Number of the epoch, from 1." })
  number!: number;

  @Field(() => Float, {
    description: "Duration of the epoch in seconds, validation and checkpoint included.",
  })
  seconds!: number;
}

for (const name of EPOCH_METRIC_NAMES) {
  const metric = EPOCH_METRICS[name];
  addField(Epoch, name, {
    type: metric.alwaysFinite ? Float : MetricValue,
    description: describeMetric(metric),
    nullable: false,
  });
}
