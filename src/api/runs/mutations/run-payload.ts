import { Field, ID, InputType, ObjectType } from "type-graphql";
import type { RunRecord } from "../../../training/record/run-records.js";
import { UserError } from "../../errors/user-error.js";
import { userErrorsDescription } from "../../errors/user-errors-description.js";
import { withUserErrors } from "../../errors/with-user-errors.js";
import { Run } from "../run.js";

@InputType({ description: "The run to change." })
export class RunInput {
  @Field(() => ID, { description: "Id of the run." })
  runId!: string;
}

@ObjectType({ description: "The changed run." })
export class RunPayload {
  @Field(() => Run, { nullable: true, description: "The run; null when nothing was changed." })
  run!: RunRecord | null;

  @Field(() => [UserError], {
    description: userErrorsDescription("Why nothing was changed; empty on success.", [
      "RUN_NOT_FOUND",
      "RUN_STATE_INVALID",
      "RUN_ALREADY_ENDED",
      "CONFIGURATION_INVALID",
    ]),
  })
  userErrors!: readonly UserError[];
}

/** Returns the payload of a mutation that changes the state of one run. */
export function runPayload(change: () => Promise<RunRecord>): Promise<RunPayload> {
  return withUserErrors<Pick<RunPayload, "run">>({ run: null }, async () => ({ run: await change() }));
}
