import { Ctx, Field, FieldResolver, ObjectType, Resolver, Root } from "type-graphql";
import type { MetricComparison as MetricComparisonRecord } from "../../training/comparison/comparison.js";
import type { RunRecord } from "../../training/record/run-records.js";
import { MetricValue } from "../metrics/metric-value.js";
import type { RequestContext } from "../request-context.js";
import { Run } from "../runs/run.js";

@ObjectType({ description: "One metric of the compared runs." })
export class MetricComparison {
  @Field(() => String, { description: 'Key of the metric, such as "validation.top1".' })
  key!: string;

  @Field(() => [MetricValue], {
    nullable: "items",
    description: "Best value of each run, in the order of `runs`; null where a run has no value.",
  })
  best!: readonly (number | null)[];

  @Field(() => [MetricValue], {
    nullable: "items",
    description: "Newest value of each run, in the order of `runs`; null where a run has no value.",
  })
  last!: readonly (number | null)[];
}

@Resolver(() => MetricComparison)
export class MetricComparisonResolver {
  @FieldResolver(() => Run, {
    nullable: true,
    description: "The run with the best value; null when several runs share it or no run has a value.",
  })
  async bestRun(
    @Root() { bestRunId }: MetricComparisonRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<RunRecord | null> {
    return bestRunId === null ? null : loaders.run.load(bestRunId);
  }
}
