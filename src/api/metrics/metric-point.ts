import { Field, FieldResolver, Float, Int, ObjectType, Resolver, Root } from "type-graphql";
import { metricValueKind } from "../../core/metric-value.js";
import type { MetricPointRecord } from "../../training/record/run-records.js";
import { DateTime } from "../scalars.js";
import { finiteOrNull } from "./metric-value.js";
import { MetricValueKind } from "./metric-value-kind.js";

@ObjectType({ description: "One measurement of a metric." })
export class MetricPoint {
  @Field(() => Int, { description: "Batches trained when it was measured, over all epochs." })
  step!: number;

  @Field(() => DateTime, { description: "When it was measured." })
  at!: Date;
}

@Resolver(() => MetricPoint)
export class MetricPointResolver {
  @FieldResolver(() => Float, { nullable: true, description: "The number; null unless `kind` is FINITE." })
  value(@Root() point: MetricPointRecord): number | null {
    return finiteOrNull(point.value);
  }

  @FieldResolver(() => MetricValueKind, { description: "Which kind of number it is." })
  kind(@Root() point: MetricPointRecord): MetricValueKind {
    return metricValueKind(point.value);
  }
}
