import { Arg, Authorized, Field, ID, InputType, Int, Mutation, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { RunControlStore } from "../../../training/lifecycle/control-store.js";
import { RunPayload, runPayload } from "./run-payload.js";

@InputType({ description: "How far to train a run that has succeeded." })
export class ExtendRunInput {
  @Field(() => ID, { description: "Id of the run." })
  runId!: string;

  @Field(() => Int, {
    description:
      "How many epochs it is to have in all: more than it was to have, at most 10000. One that stopped early may also go " +
      "on to where it was to end.",
  })
  epochs!: number;
}

@Resolver()
export class ExtendRunResolver {
  constructor(private readonly control: RunControlStore) {}

  @Authorized<Role>("EDITOR")
  @Mutation(() => RunPayload, {
    description:
      "Puts a run that SUCCEEDED at the end of the queue, to train until it has so many epochs in all. From there on its " +
      "learning rate is that of a run of the new length, so a cosine begins higher than it had ended, and early stopping " +
      "counts its patience anew, as a second `fit` does in Keras. Best checkpoint, metrics and events go on. Needs the role " +
      "EDITOR.",
  })
  extendRun(
    @Arg("input", () => ExtendRunInput, { description: "Which run, and how far." })
    { runId, epochs }: ExtendRunInput,
  ): Promise<RunPayload> {
    return runPayload(() => this.control.extend(runId, epochs));
  }
}
