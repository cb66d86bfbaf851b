import { Arg, Authorized, Mutation, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { RunControlStore } from "../../../training/lifecycle/control-store.js";
import { RunInput, RunPayload, runPayload } from "./run-payload.js";

@Resolver()
export class RetryRunResolver {
  constructor(private readonly control: RunControlStore) {}

  @Authorized<Role>("EDITOR")
  @Mutation(() => RunPayload, {
    description:
      "Puts a run that FAILED or was CANCELLED at the end of the queue, to go on from its last checkpoint. Training repeats " +
      "itself, so a run that DIVERGED does it again: launch one with a lower learning rate instead. Needs the role EDITOR.",
  })
  retryRun(
    @Arg("input", () => RunInput, { description: "Which run." }) { runId }: RunInput,
  ): Promise<RunPayload> {
    return runPayload(() => this.control.retry(runId));
  }
}
