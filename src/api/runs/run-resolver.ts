import {
  Arg,
  Args,
  Authorized,
  Ctx,
  FieldResolver,
  Float,
  ID,
  Int,
  Query,
  Resolver,
  Root,
} from "type-graphql";
import type { DatasetVersionRecord } from "../../core/dataset-records.js";
import type { Role } from "../../core/enumerations.js";
import type { CheckpointRecord, EpochRecord, RunEvent } from "../../core/run-events.js";
import type { ModelVersionRecord } from "../../registry/model-records.js";
import type { RunEventStore } from "../../training/events/event-store.js";
import type { MetricStore } from "../../training/record/metric-store.js";
import type { ExperimentRecord, MetricSummaryRecord, RunRecord } from "../../training/record/run-records.js";
import type { RunStore } from "../../training/record/run-store.js";
import { RunConfiguration } from "../configuration/run-configuration.js";
import { DatasetVersion } from "../datasets/dataset-version.js";
import { Experiment } from "../experiments/experiment.js";
import { Epoch } from "../metrics/epoch.js";
import { MetricHistory } from "../metrics/metric-history.js";
import { MetricSummary } from "../metrics/metric-summary.js";
import { ModelVersion } from "../models/model-version.js";
import { type Connection, toConnection } from "../relay/connection.js";
import { PageArguments, pageRequest } from "../relay/page-arguments.js";
import { checkedFirst, LARGEST_PAGE_SIZE } from "../relay/page-size.js";
import type { RequestContext } from "../request-context.js";
import { Checkpoint } from "./checkpoint.js";
import { Run, RunConnection } from "./run.js";
import { RunEventConnection } from "./run-event.js";
import { RunFilterInput } from "./run-filter.js";
import { RunOrderInput, runOrder } from "./run-order.js";

const DEFAULT_POINTS = 500;

@Resolver(() => Run)
export class RunResolver {
  constructor(
    private readonly runStore: RunStore,
    private readonly metricStore: MetricStore,
    private readonly eventStore: RunEventStore,
  ) {}

  @Authorized<Role>("VIEWER")
  @Query(() => Run, { nullable: true, description: "The run of that id; null when there is none." })
  run(
    @Arg("id", () => ID, { description: "Id of the run." }) id: string,
    @Ctx() { loaders }: RequestContext,
  ): Promise<RunRecord | null> {
    return loaders.runOrNull.load(id);
  }

  @Authorized<Role>("VIEWER")
  @Query(() => RunConnection, {
    description: "Runs of all experiments, newest first unless `orderBy` says otherwise.",
  })
  async runs(
    @Arg("filter", () => RunFilterInput, { nullable: true, description: "Which runs; null means all." })
    filter: RunFilterInput | null | undefined,
    @Arg("orderBy", () => RunOrderInput, {
      nullable: true,
      description: "In which order; null: newest first.",
    })
    orderBy: RunOrderInput | null | undefined,
    @Args(() => PageArguments) page: PageArguments,
  ): Promise<Connection<RunRecord>> {
    return toConnection(
      await this.runStore.list({ filter: filter ?? null, order: runOrder(orderBy), page: pageRequest(page) }),
    );
  }

  @FieldResolver(() => Experiment, { description: "The experiment it belongs to." })
  experiment(@Root() run: RunRecord, @Ctx() { loaders }: RequestContext): Promise<ExperimentRecord> {
    return loaders.experiment.load(run.experimentId);
  }

  @FieldResolver(() => DatasetVersion, { description: "What it trains on." })
  datasetVersion(@Root() run: RunRecord, @Ctx() { loaders }: RequestContext): Promise<DatasetVersionRecord> {
    return loaders.datasetVersion.load(run.datasetVersionId);
  }

  @FieldResolver(() => RunConfiguration, { description: "How it trains, with every default filled in." })
  configuration(@Root() { configuration, parameterCount }: RunRecord): RunConfiguration {
    return { ...configuration, parameterCount };
  }

  @FieldResolver(() => Int, {
    nullable: true,
    description:
      "How many runs go before it, plus 1: those of a higher priority, then those that were queued earlier. One whose " +
      "experiment has all its `maxActiveRuns` at work is passed over. Null unless QUEUED.",
  })
  queuePosition(@Root() run: RunRecord, @Ctx() { loaders }: RequestContext): Promise<number | null> {
    return loaders.queuePosition.load(run.id);
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
      defaultValue: DEFAULT_POINTS,
      description: "How many points at most, from 5 to 10000; null means 500.",
    })
    maxPoints: number | null,
  ): Promise<MetricHistory> {
    return { key, ...(await this.metricStore.history(run.id, key, maxPoints ?? DEFAULT_POINTS)) };
  }

  @FieldResolver(() => [Epoch], { description: "Its completed epochs, in order." })
  async epochs(
    @Root() run: RunRecord,
    @Arg("first", () => Int, {
      nullable: true,
      defaultValue: LARGEST_PAGE_SIZE,
      description: `How many epochs at most, from 1 to ${LARGEST_PAGE_SIZE}; null means ${LARGEST_PAGE_SIZE}.`,
    })
    first: number | null,
    @Arg("after", () => Int, {
      nullable: true,
      description: "Number of the epoch to start behind; null starts at the first.",
    })
    after: number | null | undefined,
    @Ctx() { loaders }: RequestContext,
  ): Promise<readonly EpochRecord[]> {
    const limit = checkedFirst(first ?? LARGEST_PAGE_SIZE);
    const epochs = await loaders.epochs.load(run.id);
    return epochs.filter((epoch) => epoch.number > (after ?? 0)).slice(0, limit);
  }

  @FieldResolver(() => RunEventConnection, {
    description: "What happened during it, oldest first. To follow it as it happens: `runEvents`.",
  })
  async events(
    @Root() run: RunRecord,
    @Args(() => PageArguments) page: PageArguments,
  ): Promise<Connection<RunEvent>> {
    return toConnection(await this.eventStore.list(run.id, pageRequest(page)));
  }

  @FieldResolver(() => [Checkpoint], { description: "What it saved and still has, by epoch." })
  checkpoints(
    @Root() run: RunRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<readonly CheckpointRecord[]> {
    return loaders.checkpoints.load(run.id);
  }

  @FieldResolver(() => [ModelVersion], {
    description: "Model versions that were made from it, oldest first.",
  })
  modelVersions(
    @Root() run: RunRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<readonly ModelVersionRecord[]> {
    return loaders.modelVersionsOfRun.load(run.id);
  }

  @FieldResolver(() => Float, {
    nullable: true,
    description:
      "Seconds from its first start to its end, pauses included, or until now while it is under way; null before it starts.",
  })
  durationSeconds(@Root() { startedAt, endedAt }: RunRecord): number | null {
    if (startedAt === null) return null;
    return ((endedAt ?? new Date()).getTime() - startedAt.getTime()) / 1000;
  }
}
