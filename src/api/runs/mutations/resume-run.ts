import { Arg, Authorized, Mutation, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { RunControlStore } from "../../../training/lifecycle/control-store.js";
import { RunInput, RunPayload, runPayload } from "./run-payload.js";

@Resolver()
export class ResumeRunResolver {
  constructor(private readonly control: RunControlStore) {}

  @Authorized<Role>("EDITOR")
  @Mutation(() => RunPayload, {
    description:
      "Puts a PAUSED run back where it was in the queue. It goes on from its last checkpoint and ends as if it had never " +
      "been paused. Needs the role EDITOR.",
  })
  resumeRun(
    @Arg("input", () => RunInput, { description: "Which run." }) { runId }: RunInput,
  ): Promise<RunPayload> {
    return runPayload(() => this.control.resume(runId));
  }
}
