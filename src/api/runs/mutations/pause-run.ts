import { Arg, Authorized, Mutation, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { RunControlStore } from "../../../training/lifecycle/control-store.js";
import { RunInput, RunPayload, runPayload } from "./run-payload.js";

@Resolver()
export class PauseRunResolver {
  constructor(private readonly control: RunControlStore) {}

  @Authorized<Role>("EDITOR")
  @Mutation(() => RunPayload, {
    description:
      "Takes a run that waits out of the queue at once. One that trains saves a checkpoint after the step under way and gives " +
      "its device to the next run; its events tell when it is PAUSED. Needs the role EDITOR.",
  })
  pauseRun(
    @Arg("input", () => RunInput, { description: "Which run." }) { runId }: RunInput,
  ): Promise<RunPayload> {
    return runPayload(() => this.control.pause(runId));
  }
}
