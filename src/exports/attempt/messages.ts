import { z } from "zod";
import { LOG_LEVELS } from "../../core/environment/variables.js";
import { EXPORT_JOB, EXPORT_OUTCOME, EXPORT_STAGES } from "./job.js";

/** The only message to the process of an export. */
export const EXPORT_START = z.object({ job: EXPORT_JOB, logLevel: z.enum(LOG_LEVELS) });
export type ExportStart = z.infer<typeof EXPORT_START>;

/** The messages from the process of an export. Only the last one is an outcome. */
export const EXPORT_MESSAGE = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("progress"),
    stage: z.enum(EXPORT_STAGES),
    imagesDone: z.int(),
    imagesTotal: z.int(),
  }),
  z.object({ kind: z.literal("outcome"), outcome: EXPORT_OUTCOME }),
]);
export type ExportMessage = z.infer<typeof EXPORT_MESSAGE>;
