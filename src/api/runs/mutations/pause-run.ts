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
      "Pauses a run: at once when it waits; otherwise it saves a checkpoint after the current step and " +
      "frees its device. An event tells when it is PAUSED. Needs the role EDITOR.",
  })
  pauseRun(
    @Arg("input", () => RunInput, { description: "The run to pause." }) { runId }: RunInput,
  ): Promise<RunPayload> {
    return runPayload(() => this.control.pause(runId));
  }
}
