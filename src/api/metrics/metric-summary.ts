import { Field, Int, ObjectType } from "type-graphql";
import { METRIC_KEYS } from "../../core/metrics/epoch-metrics.js";
import { inWords } from "../../core/settings/wording.js";
import { MetricValue } from "./metric-value.js";

@ObjectType({ description: "Last and best value of one metric of a run." })
export class MetricSummary {
  @Field(() => String, {
    description: `Key of the metric: ${inWords(METRIC_KEYS.map((key) => `"${key}"`))}.`,
  })
  key!: string;

  @Field(() => MetricValue, { name: "last", description: "The newest value." })
  lastValue!: number;

  @Field(() => MetricValue, {
    name: "best",
    nullable: true,
    description:
      "The best finite value: the lowest of a loss, the highest of other metrics. Null before there is one.",
  })
  bestValue!: number | null;

  @Field(() => Int, { nullable: true, description: "Epoch of the best value, from 1; null when `best` is." })
  bestEpoch!: number | null;
}
