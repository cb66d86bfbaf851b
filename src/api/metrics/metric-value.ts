import { FieldResolver, Float, ObjectType, Resolver, Root } from "type-graphql";
import { metricValueKind } from "../../core/metric-value.js";
import { MetricValueKind } from "./metric-value-kind.js";

@ObjectType({
  description: "A measured number. Metrics may be infinite or not a number, which GraphQL's Float refuses.",
})
export class MetricValue {}

/** Its source is the number itself, so no resolver has to convert what a store returned. */
@Resolver(() => MetricValue)
export class MetricValueResolver {
  @FieldResolver(() => Float, { nullable: true, description: "The number; null unless `kind` is FINITE." })
  value(@Root() value: number): number | null {
    return finiteOrNull(value);
  }

  @FieldResolver(() => MetricValueKind, { description: "Which kind of number it is." })
  kind(@Root() value: number): MetricValueKind {
    return metricValueKind(value);
  }
}

export function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
