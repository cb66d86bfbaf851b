import { Field, Int, ObjectType } from "type-graphql";
import { PRIORITY } from "../../core/settings/run-limits.js";
import { describeRecorded } from "../../core/settings/wording.js";
import type { RunRecord } from "../../training/record/run-records.js";
import { connectionType } from "../relay/connection.js";
import { Node } from "../relay/node.js";
import { DateTime } from "../scalars.js";
import { InitializationReport } from "./initialization-report.js";
import { RunEndReason } from "./run-end-reason.js";
import { RunEnvironment } from "./run-environment.js";
import { RunProgress } from "./run-progress.js";
import { RunState } from "./run-state.js";

/** Columns of a record that `Node` and `RunResolver` show; Run has a field for each of the others. */
type ShownElsewhere =
  | ("id" | "experimentId" | "datasetVersionId" | "configuration" | "parameterCount" | "layerWidths")
  | ("trainingSeconds" | "trainingSecondsAt" | "leaseExpiresAt");

@ObjectType({ implements: Node, description: "One training of a network on one dataset version." })
export class Run implements Omit<RunRecord, ShownElsewhere> {
  @Field(() => String, { description: "Name for people; need not be unique." })
  name!: string;

  @Field(() => RunState, { description: "Current state." })
  state!: RunState;

  @Field(() => RunEndReason, { nullable: true, description: "Why the run ended; null unless it ended." })
  endReason!: RunEndReason | null;

  @Field(() => String, {
    nullable: true,
    description: "Details about the end, in words; null unless the run ended, or when there are none.",
  })
  endDetail!: string | null;

  @Field(() => RunEnvironment, {
    nullable: true,
    description: "Where the run trains; null before PREPARING.",
  })
  environment!: RunRecord["environment"];

  @Field(() => InitializationReport, {
    nullable: true,
    description:
      "What the run took from the source of its initial weights. Null when all weights started at random, while a " +
      "pretrained file is not there yet, and for runs of earlier versions.",
  })
  initialization!: RunRecord["initialization"];

  @Field(() => RunProgress, {
    nullable: true,
    description: "Progress of the run; null unless the state is PREPARING, RUNNING or PAUSED.",
  })
  progress!: RunProgress | null;

  @Field(() => Int, { description: describeRecorded(PRIORITY) })
  priority!: number;

  @Field(() => Int, {
    description:
      "Number of the attempt, from 1. It increases each time the run returns to the queue: after its " +
      "process died or was stopped, or when it was resumed, retried or extended.",
  })
  attempt!: number;

  @Field(() => DateTime, { description: "When the run was launched." })
  createdAt!: Date;

  @Field(() => DateTime, {
    nullable: true,
    description: "When a process first took the run from the queue; null before that.",
  })
  startedAt!: Date | null;

  @Field(() => DateTime, { nullable: true, description: "When the run ended; null unless it ended." })
  endedAt!: Date | null;
}

export const RunConnection = connectionType(() => Run, {
  name: "Run",
  listed: "runs, in the requested order",
});
