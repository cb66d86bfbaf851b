import { Field, Float, ObjectType } from "type-graphql";
import type { Interval } from "../../core/metrics/wilson-interval.js";

@ObjectType({
  description:
    "The 95 % confidence interval of an accuracy, by Wilson's method (1927): how far the figure may be from that of many " +
    "more images of the same kind. Figures whose intervals overlap may differ by chance. It counts images as independent, and " +
    "does not cover what another seed would change in training.",
})
export class ConfidenceInterval implements Interval {
  @Field(() => Float, { description: "Lower end, from 0 to 1." })
  lower!: number;

  @Field(() => Float, { description: "Upper end, from 0 to 1." })
  upper!: number;
}
