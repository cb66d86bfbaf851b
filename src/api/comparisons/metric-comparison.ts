import { Ctx, Field, FieldResolver, ObjectType, Resolver, Root } from "type-graphql";
import type { MetricComparison as MetricComparisonRecord } from "../../training/comparison/metric-comparison.js";
import type { RunRecord } from "../../training/record/run-records.js";
import { MetricValue } from "../metrics/metric-value.js";
import type { RequestContext } from "../request-context.js";
import { Run } from "../runs/run.js";
import { NoBestRunReason } from "./no-best-run-reason.js";

@ObjectType({ description: "One metric of the compared runs." })
export class MetricComparison {
  @Field(() => String, { description: 'Key of the metric, such as "validation.top1".' })
  key!: string;

  @Field(() => [MetricValue], {
    nullable: "items",
    description:
      "Best value of each run over all its epochs, in the order of `runs`; null where a run has no value. It need not be " +
      "that of the selected checkpoint.",
  })
  best!: readonly (number | null)[];

  @Field(() => [MetricValue], {
    nullable: "items",
    description: "Newest value of each run, in the order of `runs`; null where a run has no value.",
  })
  last!: readonly (number | null)[];

  @Field(() => [MetricValue], {
    nullable: "items",
    description:
      "Value of each run at the epoch of its selected checkpoint, in the order of `runs`; null where a run has no " +
      "checkpoint, and for a metric that is not measured once an epoch.",
  })
  selected!: readonly (number | null)[];

  @Field(() => NoBestRunReason, {
    nullable: true,
    description: "Why `bestRun` is null; null when it is not.",
  })
  noBestRunReason!: NoBestRunReason | null;
}

@Resolver(() => MetricComparison)
export class MetricComparisonResolver {
  @FieldResolver(() => Run, {
    nullable: true,
    description:
      "The run with the best of `best`. Null unless one value is better than another: the metric has a better direction, " +
      "all runs are of the same dataset version, and for a loss all have the same label smoothing and class weights. Null " +
      "also when several runs share the value or no run has one. `noBestRunReason` says which.",
  })
  async bestRun(
    @Root() { bestRunId }: MetricComparisonRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<RunRecord | null> {
    return bestRunId === null ? null : loaders.run.load(bestRunId);
  }
}
