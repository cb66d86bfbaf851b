import { Field, ObjectType } from "type-graphql";
import type { AppError } from "../../core/app-error.js";

@ObjectType({
  description:
    "Why something could not be done, in words for the person who asked. A mutation that returns one " +
    "changed nothing.",
})
export class UserError {
  @Field(() => String, {
    description:
      "The error code, for programs; never renamed. The payload of a mutation lists the codes that depend on its input. " +
      "Other codes, such as `DATABASE_UNREACHABLE`, are in docs/errors.md.",
  })
  code!: string;

  @Field(() => String, {
    description: "What was expected, what was received and what to do; for people, and may be reworded.",
  })
  message!: string;

  @Field(() => [String], {
    description:
      'The offending field inside `input`, such as `["split", "test"]`; empty when it is none in particular.',
  })
  path!: readonly string[];
}

export function toUserError(error: AppError): UserError {
  return { code: error.code, message: error.message, path: error.path };
}
