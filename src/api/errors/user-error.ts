import { Field, ObjectType } from "type-graphql";
import type { AppError } from "../../core/app-error.js";

@ObjectType({
  description:
    "An expected error, with a message for the person who sent the request. A mutation that returns one " +
    "has changed nothing.",
})
export class UserError {
  @Field(() => String, {
    description:
      "The error code, for programs; never renamed. The payload of a mutation lists the codes that depend on its input. " +
      "Other codes, such as `DATABASE_UNREACHABLE`, are in docs/errors.md.",
  })
  code!: string;

  @Field(() => String, {
    description: "What was expected, what was received and what to do. For people; the wording may change.",
  })
  message!: string;

  @Field(() => [String], {
    description:
      'Path of the invalid field inside `input`, such as `["split", "test"]`; empty when no single field ' +
      "is at fault.",
  })
  path!: readonly string[];
}

export function toUserError(error: AppError): UserError {
  return { code: error.code, message: error.message, path: error.path };
}
