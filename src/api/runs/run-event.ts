import { Ctx, Field, FieldResolver, Int, InterfaceType, ObjectType, Resolver, Root } from "type-graphql";
import type { RunEvent as RunEventRecord } from "../../core/runs/events.js";
import type { RunRecord } from "../../training/record/run-records.js";
import { Epoch } from "../metrics/epoch.js";
import { MetricValue } from "../metrics/metric-value.js";
import { connectionType } from "../relay/connection.js";
import type { RequestContext } from "../request-context.js";
import { DateTime } from "../scalars.js";
import { Checkpoint } from "./checkpoint.js";
import { InitializationReport } from "./initialization-report.js";
import { Run } from "./run.js";
import { RunEndReason } from "./run-end-reason.js";
import { RunProgress } from "./run-progress.js";
import { RunState } from "./run-state.js";

@InterfaceType({
  description: "An event of a run.",
  resolveType: (event: RunEventRecord) => event.kind,
})
export abstract class RunEvent {
  @Field(() => String, {
    description:
      "Position of the event. A subscription or list with `after` set to it continues after this event.",
  })
  cursor!: string;

  @Field(() => Int, {
    description:
      "Number of the durable event within the run, from 1 without gaps. TrainingProgress carries the " +
      "number of the durable event before it.",
  })
  sequence!: number;

  @Field(() => DateTime, { description: "When the event happened." })
  at!: Date;
}

@ObjectType({ implements: RunEvent, description: "The state of the run changed." })
export class RunStateChanged {
  @Field(() => RunState, {
    nullable: true,
    description: "The state before; null for the event of the launch.",
  })
  from!: RunState | null;

  @Field(() => RunState, { description: "The state after." })
  to!: RunState;

  @Field(() => RunEndReason, { nullable: true, description: "Why the run ended; null unless it ended." })
  reason!: RunEndReason | null;

  @Field(() => String, { nullable: true, description: "Details in words; null when there are none." })
  detail!: string | null;
}

@ObjectType({ implements: RunEvent, description: "An epoch was trained, validated and recorded." })
export class EpochCompleted {
  @Field(() => Epoch, { description: "Metrics of the epoch." })
  epoch!: Epoch;

  @Field(() => Boolean, { description: "Whether the monitored metric reached its best value so far." })
  improved!: boolean;
}

@ObjectType({
  implements: RunEvent,
  description: "Progress of training, at most four times per second. Only the newest is kept for replay.",
})
export class TrainingProgress {
  @Field(() => RunProgress, { description: "The progress." })
  progress!: RunProgress;

  @Field(() => MetricValue, { description: "Mean loss of the current epoch so far." })
  loss!: number;
}

@ObjectType({ implements: RunEvent, description: "Weights and optimizer state were saved to disk." })
export class CheckpointSaved {
  @Field(() => Checkpoint, { description: "The saved checkpoint." })
  checkpoint!: Checkpoint;
}

@ObjectType({
  implements: RunEvent,
  description: "The initial weights were read from a model version or a file.",
})
export class WeightsInitialized {
  @Field(() => InitializationReport, { description: "What was taken, what starts at random, and why." })
  initialization!: InitializationReport;
}

@ObjectType({ implements: RunEvent, description: "A problem that does not end the run." })
export class RunWarning {
  @Field(() => String, { description: "Stable code of the warning, for programs. Codes are never renamed." })
  code!: string;

  @Field(() => String, { description: "What happened and what to do about it, in words." })
  message!: string;
}

export const RunEventConnection = connectionType(() => RunEvent as never, {
  name: "RunEvent",
  listed: "durable events of a run, oldest first",
  counted: true,
});

@Resolver(() => RunEvent)
export class RunEventResolver {
  @FieldResolver(() => Run, { description: "The run in its current state." })
  run(@Root() event: RunEventRecord, @Ctx() { loaders }: RequestContext): Promise<RunRecord> {
    return loaders.run.load(event.runId);
  }
}
