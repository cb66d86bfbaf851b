import { Arg, Args, Ctx, FieldResolver, Float, Int, Resolver, Root } from "type-graphql";
import type { DatasetVersionRecord } from "../../core/dataset-records.js";
import type { CheckpointRecord, EpochRecord, RunEvent } from "../../core/runs/events.js";
import type { ModelVersionRecord } from "../../registry/model-records.js";
import { RECENT_WARNINGS, type RunEventStore } from "../../training/events/event-store.js";
import type { ArtifactRecord } from "../../training/record/artifact-store.js";
import { type PrunedNetworkRecord, prunedNetworkOf } from "../../training/record/pruned-network.js";
import type { ExperimentRecord, RunRecord } from "../../training/record/run-records.js";
import { trainingSeconds } from "../../training/record/training-time.js";
import { RunConfiguration } from "../configuration/run-configuration.js";
import { DatasetVersion } from "../datasets/dataset-version.js";
import { Experiment } from "../experiments/experiment.js";
import { Epoch } from "../metrics/epoch.js";
import { ModelVersion } from "../models/model-version.js";
import { Connection } from "../relay/connection.js";
import { PageArguments, type PageInput, pageRequest } from "../relay/page-arguments.js";
import { checkedPageSize, PAGE_SIZES } from "../relay/page-size.js";
import type { RequestContext } from "../request-context.js";
import { Artifact } from "./artifact.js";
import { Checkpoint } from "./checkpoint.js";
import { PrunedNetwork } from "./pruned-network.js";
import { Run } from "./run.js";
import { RunEventConnection, RunWarning } from "./run-event.js";

@Resolver(() => Run)
export class RunResolver {
  constructor(private readonly eventStore: RunEventStore) {}

  @FieldResolver(() => Experiment, { description: "The experiment that the run belongs to." })
  experiment(@Root() run: RunRecord, @Ctx() { loaders }: RequestContext): Promise<ExperimentRecord> {
    return loaders.experiment.load(run.experimentId);
  }

  @FieldResolver(() => DatasetVersion, { description: "The dataset version that the run trains on." })
  datasetVersion(@Root() run: RunRecord, @Ctx() { loaders }: RequestContext): Promise<DatasetVersionRecord> {
    return loaders.datasetVersion.load(run.datasetVersionId);
  }

  @FieldResolver(() => RunConfiguration, { description: "How the run trains, with all defaults filled in." })
  configuration(@Root() { configuration, parameterCount }: RunRecord): RunConfiguration {
    return { ...configuration, parameterCount };
  }

  @FieldResolver(() => PrunedNetwork, {
    nullable: true,
    description:
      "What pruning left of the network: by the setting `pruning`, or because the run starts from a pruned model version. " +
      "Null when the network has the widths of its architecture, and while the channels to remove are not chosen yet, " +
      "which happens in PREPARING.",
  })
  pruned(@Root() run: RunRecord): PrunedNetworkRecord | null {
    return prunedNetworkOf(run);
  }

  @FieldResolver(() => Int, {
    nullable: true,
    description:
      "Position in the queue, from 1: runs with a higher priority come first, then those queued earlier. " +
      "Runs of an experiment that has reached its `maxActiveRuns` are skipped. Null unless the state is " +
      "QUEUED.",
  })
  queuePosition(@Root() run: RunRecord, @Ctx() { loaders }: RequestContext): Promise<number | null> {
    return loaders.queuePosition.load(run.id);
  }

  @FieldResolver(() => [Epoch], { description: "Completed epochs, in order." })
  async epochs(
    @Root() run: RunRecord,
    @Arg("first", () => Int, {
      nullable: true,
      defaultValue: PAGE_SIZES.max,
      description: `Maximum number of epochs, from 1 to ${PAGE_SIZES.max}; null means ${PAGE_SIZES.max}.`,
    })
    first: number | null,
    @Arg("after", () => Int, {
      nullable: true,
      description: "Number of an epoch. Only later epochs are returned. Null starts at the first.",
    })
    after: number | null | undefined,
    @Ctx() { loaders }: RequestContext,
  ): Promise<readonly EpochRecord[]> {
    return loaders.epochs.load({
      runId: run.id,
      first: checkedPageSize("first", first ?? PAGE_SIZES.max, PAGE_SIZES),
      after: after ?? null,
    });
  }

  @FieldResolver(() => RunEventConnection, {
    description: "Durable events, oldest first. Subscribe to `runEvents` to receive them as they happen.",
  })
  async events(
    @Root() run: RunRecord,
    @Args(() => PageArguments) page: PageInput,
  ): Promise<Connection<RunEvent>> {
    return new Connection(await this.eventStore.list(run.id, pageRequest(page)));
  }

  @FieldResolver(() => [RunWarning], {
    description:
      `Problems that did not end the run, such as settings without sense, oldest first: at most the newest ` +
      `${RECENT_WARNINGS}. They are also among its events.`,
  })
  warnings(@Root() run: RunRecord, @Ctx() { loaders }: RequestContext): Promise<readonly RunEvent[]> {
    return loaders.warnings.load(run.id);
  }

  @FieldResolver(() => [Checkpoint], { description: "Saved checkpoints that still exist, by epoch." })
  checkpoints(
    @Root() run: RunRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<readonly CheckpointRecord[]> {
    return loaders.checkpoints.load(run.id);
  }

  @FieldResolver(() => [Artifact], {
    description: "Files for download, sorted by name. They are replaced by newer ones during training.",
  })
  artifacts(@Root() run: RunRecord, @Ctx() { loaders }: RequestContext): Promise<readonly ArtifactRecord[]> {
    return loaders.artifacts.load(run.id);
  }

  @FieldResolver(() => [ModelVersion], {
    description: "Model versions made from the run, oldest first.",
  })
  modelVersions(
    @Root() run: RunRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<readonly ModelVersionRecord[]> {
    return loaders.modelVersionsOfRun.load(run.id);
  }

  @FieldResolver(() => ModelVersion, {
    nullable: true,
    description:
      "The version that the run learns from, which `configuration.distillation.teacher` names. Null for a run without " +
      "distillation.",
  })
  async teacher(
    @Root() { configuration }: RunRecord,
    @Ctx() { loaders }: RequestContext,
  ): Promise<ModelVersionRecord | null> {
    const { distillation } = configuration;
    return distillation === null ? null : loaders.namedModelVersion.load(distillation.teacher);
  }

  @FieldResolver(() => Float, {
    nullable: true,
    description:
      "Wall time from the first start to the end, or until now, in seconds. It includes pauses, waiting, outages and the " +
      "time between an end and an extension or a retry, which `trainingSeconds` leaves out. Null before the run starts.",
  })
  durationSeconds(@Root() { startedAt, endedAt }: RunRecord): number | null {
    if (startedAt === null) return null;
    return ((endedAt ?? new Date()).getTime() - startedAt.getTime()) / 1000;
  }

  @FieldResolver(() => Float, {
    nullable: true,
    description:
      "Time that trainers spent on the run, in seconds, in all its attempts: preparing, training and evaluating. Pauses, " +
      "waiting for a device or for an unreachable database, the time after a process died, and the time between an end and an " +
      "extension or a retry do not count. While the run is PREPARING or RUNNING, it is the time until now. When a process " +
      "dies, the time since its last report is lost: since its last step, or a fifth of its lease where steps take longer. " +
      "For runs that earlier versions trained, it is computed from their events. Null before the run starts.",
  })
  trainingSeconds(@Root() run: RunRecord): number | null {
    return trainingSeconds(run, new Date());
  }
}
