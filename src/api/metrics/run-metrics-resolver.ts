import { Arg, Args, ArgsType, Ctx, Field, FieldResolver, Int, Resolver, Root } from "type-graphql";
import type { MetricStore } from "../../training/record/metric-store.js";
import type { MetricPointRecord, MetricSummaryRecord, RunRecord } from "../../training/record/run-records.js";
import { type Connection, connectionType, toConnection } from "../relay/connection.js";
import { checkedFirst } from "../relay/page-size.js";
import type { RequestContext } from "../request-context.js";
import { Run } from "../runs/run.js";
import { MetricHistory } from "./metric-history.js";
import { MetricPoint } from "./metric-point.js";
import { MetricSummary } from "./metric-summary.js";

/** For `metricHistory`. */
const DEFAULT_HISTORY_POINTS = 500;

/** Points are small, and a series may have millions. */
const DEFAULT_PAGE_POINTS = 500;
const LARGEST_PAGE_POINTS = 2_000;

const MetricPointConnection = connectionType(() => MetricPoint, {
  name: "MetricPoint",
  listed: "measurements of a metric, by step",
});

@ArgsType()
class MetricPointsArguments {
  @Field(() => Int, {
    nullable: true,
    defaultValue: DEFAULT_PAGE_POINTS,
    description: `How many points at most, from 1 to ${LARGEST_PAGE_POINTS}; null means ${DEFAULT_PAGE_POINTS}.`,
  })
  first!: number | null;

  @Field(() => String, {
    nullable: true,
    description:
      "A cursor that this list gave out: the page starts after it, also while more is measured. Null starts at the " +
      "first step.",
  })
  after?: string | null;
}

@Resolver(() => Run)
export class RunMetricsResolver {
  constructor(private readonly metricStore: MetricStore) {}

  @FieldResolver(() => MetricPointConnection, {
    description:
      "Every measurement of one metric, a page at a time. For a chart, `metricHistory` answers with fewer.",
  })
  async metricPoints(
    @Root() run: RunRecord,
    @Arg("key", () => String, { description: 'Which metric, such as "batch.loss".' }) key: string,
    @Args(() => MetricPointsArguments) { first, after }: MetricPointsArguments,
  ): Promise<Connection<MetricPointRecord>> {
    const page = {
      first: checkedFirst(first ?? DEFAULT_PAGE_POINTS, LARGEST_PAGE_POINTS),
      after: after ?? null,
    };
    return toConnection(await this.metricStore.points(run.id, key, page));
  }

  @FieldResolver(() => [MetricSummary], {
    description: "Last and best value of each of its metrics, by key.",
  })
  metrics(
    @Root() run: RunRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<readonly MetricSummaryRecord[]> {
    return loaders.metricSummaries.load(run.id);
  }

  @FieldResolver(() => MetricHistory, {
    description: "One metric's course over the run, thinned to at most `maxPoints` that keep its shape.",
  })
  async metricHistory(
    @Root() run: RunRecord,
    @Arg("key", () => String, { description: 'Which metric, such as "train.loss".' }) key: string,
    @Arg("maxPoints", () => Int, {
      nullable: true,
      defaultValue: DEFAULT_HISTORY_POINTS,
      description: "How many points at most, from 5 to 10000; null means 500.",
    })
    maxPoints: number | null,
  ): Promise<MetricHistory> {
    return { key, ...(await this.metricStore.history(run.id, key, maxPoints ?? DEFAULT_HISTORY_POINTS)) };
  }
}
