import { Arg, Authorized, Mutation, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { RunControlStore } from "../../../training/lifecycle/control-store.js";
import { RunInput, RunPayload, runPayload } from "./run-payload.js";

@Resolver()
export class CancelRunResolver {
  constructor(private readonly control: RunControlStore) {}

  @Authorized<Role>("EDITOR")
  @Mutation(() => RunPayload, {
    description:
      "Cancels a run: at once when it waits, otherwise after the current step, with a checkpoint. Its " +
      "results are kept. Needs the role EDITOR.",
  })
  cancelRun(
    @Arg("input", () => RunInput, { description: "The run to cancel." }) { runId }: RunInput,
  ): Promise<RunPayload> {
    return runPayload(() => this.control.cancel(runId));
  }
}
