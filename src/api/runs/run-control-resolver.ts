import { Arg, Authorized, Mutation, Resolver } from "type-graphql";
import type { Role } from "../../core/enumerations.js";
import type { RunControlStore } from "../../training/lifecycle/control-store.js";
import type { RunDeletion } from "../../training/lifecycle/deletion.js";
import type { RunRecord } from "../../training/record/run-records.js";
import { withUserErrors } from "../errors/with-user-errors.js";
import { DeleteRunPayload, ExtendRunInput, RunInput, RunPayload } from "./mutations/run-payload.js";

@Resolver()
export class RunControlResolver {
  constructor(
    private readonly control: RunControlStore,
    private readonly deletion: RunDeletion,
  ) {}

  @Authorized<Role>("EDITOR")
  @Mutation(() => RunPayload, {
    description:
      "Ends a run that waits at once, and one that trains after the step under way, with a checkpoint. What was learnt is " +
      "kept. Needs the role EDITOR.",
  })
  cancelRun(
    @Arg("input", () => RunInput, { description: "Which run." }) { runId }: RunInput,
  ): Promise<RunPayload> {
    return answer(() => this.control.cancel(runId));
  }

  @Authorized<Role>("EDITOR")
  @Mutation(() => RunPayload, {
    description:
      "Takes a run that waits out of the queue at once. One that trains saves a checkpoint after the step under way and gives " +
      "its device to the next run; its events tell when it is PAUSED. Needs the role EDITOR.",
  })
  pauseRun(
    @Arg("input", () => RunInput, { description: "Which run." }) { runId }: RunInput,
  ): Promise<RunPayload> {
    return answer(() => this.control.pause(runId));
  }

  @Authorized<Role>("EDITOR")
  @Mutation(() => RunPayload, {
    description:
      "Puts a PAUSED run back where it was in the queue. It goes on from its last checkpoint and ends as if it had never " +
      "been paused. Needs the role EDITOR.",
  })
  resumeRun(
    @Arg("input", () => RunInput, { description: "Which run." }) { runId }: RunInput,
  ): Promise<RunPayload> {
    return answer(() => this.control.resume(runId));
  }

  @Authorized<Role>("EDITOR")
  @Mutation(() => RunPayload, {
    description:
      "Puts a run that FAILED or was CANCELLED at the end of the queue, to go on from its last checkpoint. Training repeats " +
      "itself, so a run that DIVERGED does it again: launch one with a lower learning rate instead. Needs the role EDITOR.",
  })
  retryRun(
    @Arg("input", () => RunInput, { description: "Which run." }) { runId }: RunInput,
  ): Promise<RunPayload> {
    return answer(() => this.control.retry(runId));
  }

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
    return answer(() => this.control.extend(runId, epochs));
  }

  @Authorized<Role>("EDITOR")
  @Mutation(() => DeleteRunPayload, {
    description:
      "Deletes a run with its metrics, events, checkpoints and files, for good. One that is at work must be cancelled first, " +
      "and one that a model version was made of stays. Needs the role EDITOR.",
  })
  deleteRun(
    @Arg("input", () => RunInput, { description: "Which run." }) { runId }: RunInput,
  ): Promise<DeleteRunPayload> {
    return withUserErrors<Pick<DeleteRunPayload, "deletedId">>({ deletedId: null }, async () => {
      await this.deletion.delete(runId);
      return { deletedId: runId };
    });
  }
}

function answer(control: () => Promise<RunRecord>): Promise<RunPayload> {
  return withUserErrors<Pick<RunPayload, "run">>({ run: null }, async () => ({ run: await control() }));
}
