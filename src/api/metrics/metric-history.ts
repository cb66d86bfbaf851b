import { Field, Int, ObjectType } from "type-graphql";
import { MetricPoint } from "./metric-point.js";

@ObjectType({ description: "A metric's course over a run." })
export class MetricHistory {
  @Field(() => String, { description: "Which metric." })
  key!: string;

  @Field(() => [MetricPoint], { description: "By step; empty when the run has no such metric." })
  points!: readonly MetricPoint[];

  @Field(() => Int, { description: "How many measurements there are, those left out included." })
  totalPoints!: number;

  @Field(() => Boolean, {
    description: "Whether measurements were left out to stay within `maxPoints`; the extremes never are.",
  })
  thinned!: boolean;
}
