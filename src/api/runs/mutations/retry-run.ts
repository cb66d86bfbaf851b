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
      "Queues a run that FAILED or was CANCELLED, last within its priority, to continue from its last " +
      "checkpoint. Training is deterministic, so a run that DIVERGED will diverge again; launch one with " +
      "a lower learning rate instead. Needs the role EDITOR.",
  })
  retryRun(
    @Arg("input", () => RunInput, { description: "The run to retry." }) { runId }: RunInput,
  ): Promise<RunPayload> {
    return runPayload(() => this.control.retry(runId));
  }
}
