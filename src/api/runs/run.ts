import { Field, Int, ObjectType } from "type-graphql";
import { connectionType } from "../relay/connection.js";
import { Node } from "../relay/node.js";
import { DateTime } from "../scalars.js";
import { RunEndReason } from "./run-end-reason.js";
import { RunEnvironment } from "./run-environment.js";
import { RunProgress } from "./run-progress.js";
import { RunState } from "./run-state.js";

@ObjectType({ implements: Node, description: "One training of a network on one version of a data set." })
export class Run {
  @Field(() => String, { description: "For people; need not be unique." })
  name!: string;

  @Field(() => RunState, { description: "Where it is in its life." })
  state!: RunState;

  @Field(() => RunEndReason, { nullable: true, description: "Why it ended; null unless it has." })
  endReason!: RunEndReason | null;

  @Field(() => String, {
    nullable: true,
    description: "More about why it ended, for people; null unless it has, or when there is no more to say.",
  })
  endDetail!: string | null;

  @Field(() => RunEnvironment, { nullable: true, description: "Where it trains; null before PREPARING." })
  environment!: RunEnvironment | null;

  @Field(() => RunProgress, {
    nullable: true,
    description: "How far it is; null unless PREPARING, RUNNING or PAUSED.",
  })
  progress!: RunProgress | null;

  @Field(() => Int, { description: "Runs of a higher priority go first, from -1000 to 1000." })
  priority!: number;

  @Field(() => Int, {
    description:
      "Which try this is, from 1: one more each time it goes back to the queue, because its process died or was stopped, " +
      "or because it was resumed, retried or extended.",
  })
  attempt!: number;

  @Field(() => DateTime, { description: "When it was launched." })
  createdAt!: Date;

  @Field(() => DateTime, { nullable: true, description: "When its first try began; null while it waits." })
  startedAt!: Date | null;

  @Field(() => DateTime, { nullable: true, description: "When it ended; null unless it has." })
  endedAt!: Date | null;
}

export const RunConnection = connectionType(() => Run, {
  name: "Run",
  listed: "runs, in the order asked for",
});
