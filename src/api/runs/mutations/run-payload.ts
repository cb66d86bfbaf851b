import { Field, ID, InputType, Int, ObjectType } from "type-graphql";
import type { RunRecord } from "../../../training/record/run-records.js";
import { UserError } from "../../errors/user-error.js";
import { Run } from "../run.js";

@InputType({ description: "Which run." })
export class RunInput {
  @Field(() => ID, { description: "Id of the run." })
  runId!: string;
}

@ObjectType({ description: "The run as it is after the mutation." })
export class RunPayload {
  @Field(() => Run, { nullable: true, description: "The run; null when nothing was done." })
  run!: RunRecord | null;

  @Field(() => [UserError], { description: "Why nothing was done; empty when it was." })
  userErrors!: readonly UserError[];
}

@InputType({ description: "How far to train a run that has succeeded." })
export class ExtendRunInput {
  @Field(() => ID, { description: "Id of the run." })
  runId!: string;

  @Field(() => Int, {
    description:
      "How many epochs it is to have in all: more than it was to have, at most 10000. One that stopped early may also go " +
      "on to where it was to end.",
  })
  epochs!: number;
}

@ObjectType({ description: "The run that was deleted." })
export class DeleteRunPayload {
  @Field(() => ID, { nullable: true, description: "Id that the run had; null when it was not deleted." })
  deletedId!: string | null;

  @Field(() => [UserError], {
    description:
      "Why it was not deleted, empty when it was. RUN_HAS_DEPENDENTS names the model versions that were made of it.",
  })
  userErrors!: readonly UserError[];
}
