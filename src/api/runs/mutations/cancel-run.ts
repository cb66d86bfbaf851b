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
      "Ends a run that waits at once, and one that trains after the step under way, with a checkpoint. What was learnt is " +
      "kept. Needs the role EDITOR.",
  })
  cancelRun(
    @Arg("input", () => RunInput, { description: "Which run." }) { runId }: RunInput,
  ): Promise<RunPayload> {
    return runPayload(() => this.control.cancel(runId));
  }
}
