import { Field, Int, ObjectType } from "type-graphql";
import { MetricValue } from "./metric-value.js";

@ObjectType({ description: "Last and best value of one metric of a run." })
export class MetricSummary {
  @Field(() => String, {
    description:
      'Which metric: "train.loss", "train.top1", "train.top5", "validation.loss", "validation.top1", ' +
      '"validation.top5", "learning_rate" or "images_per_second".',
  })
  key!: string;

  @Field(() => MetricValue, { name: "last", description: "The newest value." })
  lastValue!: number;

  @Field(() => MetricValue, {
    name: "best",
    nullable: true,
    description:
      "The best finite value: the lowest of a loss, the highest of others. Null before there is one.",
  })
  bestValue!: number | null;

  @Field(() => Int, { nullable: true, description: "Epoch of the best value, from 1; null when `best` is." })
  bestEpoch!: number | null;
}
