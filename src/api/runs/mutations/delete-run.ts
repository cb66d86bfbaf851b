import { Arg, Authorized, Field, ID, Mutation, ObjectType, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { RunDeletion } from "../../../training/lifecycle/deletion.js";
import { UserError } from "../../errors/user-error.js";
import { userErrorsDescription } from "../../errors/user-errors-description.js";
import { withUserErrors } from "../../errors/with-user-errors.js";
import { RunInput } from "./run-payload.js";

@ObjectType({ description: "The run that was deleted." })
export class DeleteRunPayload {
  @Field(() => ID, { nullable: true, description: "Id that the run had; null when it was not deleted." })
  deletedId!: string | null;

  @Field(() => [UserError], {
    description: userErrorsDescription("Why the run was not deleted; empty on success.", [
      "RUN_NOT_FOUND",
      "RUN_STATE_INVALID",
      "RUN_HAS_DEPENDENTS",
    ]),
  })
  userErrors!: readonly UserError[];
}

@Resolver()
export class DeleteRunResolver {
  constructor(private readonly deletion: RunDeletion) {}

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
