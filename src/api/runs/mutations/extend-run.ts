import { Arg, Authorized, Field, ID, InputType, Int, Mutation, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { RunControlStore } from "../../../training/lifecycle/control-store.js";
import { RunPayload, runPayload } from "./run-payload.js";

@InputType({ description: "The run to train further." })
export class ExtendRunInput {
  @Field(() => ID, { description: "Id of a run that SUCCEEDED." })
  runId!: string;

  @Field(() => Int, {
    description:
      "Number of epochs in total, at most 10000. It must exceed the current number, except for a run that " +
      "stopped early, which may also continue up to it.",
  })
  epochs!: number;
}

@Resolver()
export class ExtendRunResolver {
  constructor(private readonly control: RunControlStore) {}

  @Authorized<Role>("EDITOR")
  @Mutation(() => RunPayload, {
    description:
      "Queues a run that SUCCEEDED, last within its priority, to train until it has `epochs` epochs in " +
      "total. From there on, the learning rate follows the schedule of a run with the new length (a " +
      "cosine restarts higher than it ended), and early stopping counts its patience anew, as a second " +
      "`fit` in Keras does. Best checkpoint, metrics and events continue. Needs the role EDITOR.",
  })
  extendRun(
    @Arg("input", () => ExtendRunInput, { description: "The run and its new length." })
    { runId, epochs }: ExtendRunInput,
  ): Promise<RunPayload> {
    return runPayload(() => this.control.extend(runId, epochs));
  }
}
