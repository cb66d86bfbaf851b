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
      "Returns a PAUSED run to its former place in the queue. It continues from its last checkpoint, with " +
      "the same results as without the pause. Needs the role EDITOR.",
  })
  resumeRun(
    @Arg("input", () => RunInput, { description: "The run to resume." }) { runId }: RunInput,
  ): Promise<RunPayload> {
    return runPayload(() => this.control.resume(runId));
  }
}
