import { Arg, Args, ArgsType, Field, FieldResolver, Int, Resolver, Root } from "type-graphql";
import type { MetricStore } from "../../training/record/metric-store.js";
import type { MetricPointRecord, RunRecord } from "../../training/record/run-records.js";
import { type Connection, connectionType, toConnection } from "../relay/connection.js";
import { checkedFirst } from "../relay/page-size.js";
import { Run } from "../runs/run.js";
import { MetricPoint } from "./metric-history.js";

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
export class RunMetricPointsResolver {
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
}
