import { z } from "zod";
import { LOG_LEVELS } from "../../core/environment/variables.js";
import { ERROR_CODES, type ErrorCode } from "../../core/error-codes.js";
import { keysOf } from "../../lang/keys-of.js";
import { EXPORT_JOB, EXPORT_OUTCOME, EXPORT_STAGES } from "./job.js";

/** The only message to the process of an export. */
export const EXPORT_START = z.object({ job: EXPORT_JOB, logLevel: z.enum(LOG_LEVELS) });
export type ExportStart = z.infer<typeof EXPORT_START>;

const CODES: readonly ErrorCode[] = keysOf(ERROR_CODES);

/** The messages from the process of an export. Only the last one is an outcome or a failure. */
export const EXPORT_MESSAGE = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("progress"),
    stage: z.enum(EXPORT_STAGES),
    imagesDone: z.int(),
    imagesTotal: z.int(),
  }),
  /** A line for a person. */
  z.object({ kind: z.literal("line"), line: z.string() }),
  z.object({ kind: z.literal("outcome"), outcome: EXPORT_OUTCOME }),
  z.object({ kind: z.literal("failure"), code: z.enum(CODES), message: z.string() }),
  /** An error that nobody expected; the text is for developers. */
  z.object({ kind: z.literal("fault"), explanation: z.string() }),
]);
export type ExportMessage = z.infer<typeof EXPORT_MESSAGE>;
