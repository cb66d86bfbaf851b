import { Arg, Args, Ctx, FieldResolver, Int, Resolver, Root } from "type-graphql";
import { HISTORY_POINTS } from "../../core/settings/run-limits.js";
import { describeGiven } from "../../core/settings/wording.js";
import type { MetricStore } from "../../training/record/metric-store.js";
import type { MetricPointRecord, MetricSummaryRecord, RunRecord } from "../../training/record/run-records.js";
import { Connection, connectionType } from "../relay/connection.js";
import { type PageInput, pageArguments, pageRequest } from "../relay/page-arguments.js";
import { pageSizesOf } from "../relay/page-size.js";
import type { RequestContext } from "../request-context.js";
import { Run } from "../runs/run.js";
import { MetricHistory } from "./metric-history.js";
import { MetricPoint } from "./metric-point.js";
import { MetricSummary } from "./metric-summary.js";

const MetricPointConnection = connectionType(() => MetricPoint, {
  name: "MetricPoint",
  listed: "measurements of a metric, by step",
});

const PAGE_SIZES = pageSizesOf("MetricPointConnection");
const MetricPointsArguments = pageArguments(PAGE_SIZES);

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
    @Args(() => MetricPointsArguments) page: PageInput,
  ): Promise<Connection<MetricPointRecord>> {
    return new Connection(await this.metricStore.points(run.id, key, pageRequest(page, PAGE_SIZES)));
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
      defaultValue: HISTORY_POINTS.default,
      description: describeGiven(HISTORY_POINTS),
    })
    maxPoints: number | null,
  ): Promise<MetricHistory> {
    return { key, ...(await this.metricStore.history(run.id, key, maxPoints ?? HISTORY_POINTS.default)) };
  }
}
