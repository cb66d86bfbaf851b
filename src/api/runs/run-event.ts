import { Ctx, Field, FieldResolver, Int, InterfaceType, ObjectType, Resolver, Root } from "type-graphql";
import type { RunEvent as RunEventRecord } from "../../core/run-events.js";
import type { RunRecord } from "../../training/record/run-records.js";
import { Epoch } from "../metrics/epoch.js";
import { MetricValue } from "../metrics/metric-value.js";
import { connectionType } from "../relay/connection.js";
import type { RequestContext } from "../request-context.js";
import { DateTime } from "../scalars.js";
import { Checkpoint } from "./checkpoint.js";
import { Run } from "./run.js";
import { RunEndReason } from "./run-end-reason.js";
import { RunProgress } from "./run-progress.js";
import { RunState } from "./run-state.js";

@InterfaceType({
  description: "Something that happened during a run.",
  resolveType: (event: RunEventRecord) => event.kind,
})
export abstract class RunEvent {
  @Field(() => String, { description: "Give it as `after` to go on behind this event." })
  cursor!: string;

  @Field(() => Int, {
    description:
      "Counts the run's durable events from 1 without gaps; TrainingProgress carries that of the event before it.",
  })
  sequence!: number;

  @Field(() => DateTime, { description: "When it happened." })
  at!: Date;
}

@ObjectType({ implements: RunEvent, description: "The run went from one state to another." })
export class RunStateChanged {
  @Field(() => RunState, { nullable: true, description: "The state before; null when it was launched." })
  from!: RunState | null;

  @Field(() => RunState, { description: "The state from now on." })
  to!: RunState;

  @Field(() => RunEndReason, { nullable: true, description: "Why it ended; null unless it did." })
  reason!: RunEndReason | null;

  @Field(() => String, { nullable: true, description: "More for people; null when there is no more to say." })
  detail!: string | null;
}

@ObjectType({ implements: RunEvent, description: "An epoch was trained, validated and recorded." })
export class EpochCompleted {
  @Field(() => Epoch, { description: "Its figures." })
  epoch!: Epoch;

  @Field(() => Boolean, { description: "Whether the monitored metric is the best so far." })
  improved!: boolean;
}

@ObjectType({
  implements: RunEvent,
  description: "How far training is, at most four times a second. Only the newest is kept for replay.",
})
export class TrainingProgress {
  @Field(() => RunProgress, { description: "How far it is." })
  progress!: RunProgress;

  @Field(() => MetricValue, { description: "Mean loss of the epoch so far." })
  loss!: number;
}

@ObjectType({ implements: RunEvent, description: "Weights and optimiser state are safe on the disk." })
export class CheckpointSaved {
  @Field(() => Checkpoint, { description: "What was saved." })
  checkpoint!: Checkpoint;
}

@ObjectType({ implements: RunEvent, description: "Something the user should know, while training goes on." })
export class RunWarning {
  @Field(() => String, { description: "Which warning, for programs; never renamed." })
  code!: string;

  @Field(() => String, { description: "What happened and what to do about it, for people." })
  message!: string;
}

export const RunEventConnection = connectionType(() => RunEvent as never, {
  name: "RunEvent",
  listed: "durable events of a run, oldest first",
  counted: true,
});

@Resolver(() => RunEvent)
export class RunEventResolver {
  @FieldResolver(() => Run, { description: "The run, as it is now." })
  run(@Root() event: RunEventRecord, @Ctx() { loaders }: RequestContext): Promise<RunRecord> {
    return loaders.run.load(event.runId);
  }
}
