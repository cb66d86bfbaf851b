import { z } from "zod";
import { ERROR_CODES, type ErrorCode } from "../../core/error-codes.js";
import { keysOf } from "../../lang/keys-of.js";

const CODES: readonly ErrorCode[] = keysOf(ERROR_CODES);

/** The messages that every program may send, beside its answers. */
export const PROGRAM_MESSAGE = z.discriminatedUnion("kind", [
  /** A line for a person. */
  z.object({ kind: z.literal("line"), line: z.string() }),
  z.object({ kind: z.literal("failure"), code: z.enum(CODES), message: z.string() }),
  /** An error that nobody expected; the text is for developers. */
  z.object({ kind: z.literal("fault"), explanation: z.string() }),
]);
export type ProgramMessage = z.infer<typeof PROGRAM_MESSAGE>;

/** Whether a message is one of these, by its kind alone. */
export function isProgramMessage(message: unknown): boolean {
  return OF_A_KIND.safeParse(message).success;
}

const OF_A_KIND = z.object({ kind: z.enum(["line", "failure", "fault"] satisfies ProgramMessage["kind"][]) });
