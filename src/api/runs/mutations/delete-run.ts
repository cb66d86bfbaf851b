import { Arg, Authorized, Field, ID, Mutation, ObjectType, Resolver } from "type-graphql";
import type { Role } from "../../../core/enumerations.js";
import type { RunDeletion } from "../../../training/lifecycle/deletion.js";
import { UserError } from "../../errors/user-error.js";
import { userErrorsDescription } from "../../errors/user-errors-description.js";
import { withUserErrors } from "../../errors/with-user-errors.js";
import { RunInput } from "./run-payload.js";

@ObjectType({ description: "The deleted run." })
export class DeleteRunPayload {
  @Field(() => ID, { nullable: true, description: "Id of the deleted run; null when it was not deleted." })
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
      "Permanently deletes a run with its metrics, events, checkpoints and files. An active run must be " +
      "cancelled first, and a run with model versions cannot be deleted. Needs the role EDITOR.",
  })
  deleteRun(
    @Arg("input", () => RunInput, { description: "The run to delete." }) { runId }: RunInput,
  ): Promise<DeleteRunPayload> {
    return withUserErrors<Pick<DeleteRunPayload, "deletedId">>({ deletedId: null }, async () => {
      await this.deletion.delete(runId);
      return { deletedId: runId };
    });
  }
}
