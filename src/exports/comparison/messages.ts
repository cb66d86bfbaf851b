import { z } from "zod";
import { ExportFormat } from "../../core/enumerations.js";
import { LOG_LEVELS } from "../../core/environment/variables.js";
import { EXPORT_JOB } from "../attempt/job.js";

/** A model version or an export, and everything that the process which measures it needs to know. Plain data. */
export const MEASURED_SUBJECT = EXPORT_JOB.unwrap()
  .pick({ modelFolder: true, workFolder: true, blobsFolder: true, cacheFolder: true })
  .extend(EXPORT_JOB.unwrap().pick({ python: true, threads: true, addonFile: true, limits: true }).shape)
  .extend({
    /** "espalier 0.1.0" */
    product: z.string(),
    /** Null: the model version itself. */
    exported: z
      .object({ format: z.enum(ExportFormat), file: z.string() })
      .readonly()
      .nullable(),
    /** The images to classify, at least one. */
    images: EXPORT_JOB.unwrap().shape.calibration,
  })
  .readonly();
export type MeasuredSubject = z.infer<typeof MEASURED_SUBJECT>;

/** The requests to a process that measures. The first one is `open`, and each follows the answer to the one before. */
export const MEASURE_REQUEST = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("open"), subject: MEASURED_SUBJECT, logLevel: z.enum(LOG_LEVELS) }),
  /** Classifies a batch once without measuring it, and then `runs` times. */
  z.object({ kind: z.literal("time"), batchSize: z.int(), runs: z.int() }),
  /** Classifies all images. */
  z.object({ kind: z.literal("classify") }),
]);
export type MeasureRequest = z.infer<typeof MEASURE_REQUEST>;

/** The answers of the process. */
export const MEASURE_ANSWER = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("opened"), runtime: z.string(), runtimeVersion: z.string() }),
  /** Instead of `opened`, where the runtime cannot be had on this machine. */
  z.object({ kind: z.literal("unavailable"), reason: z.string() }),
  /** The time of each run, for the whole batch. */
  z.object({ kind: z.literal("timed"), milliseconds: z.array(z.number()) }),
  z.object({
    kind: z.literal("classified"),
    imageCount: z.int(),
    correctCount: z.int(),
    /** Until then. */
    peakMemoryBytes: z.int(),
  }),
]);
export type MeasureAnswer = z.infer<typeof MEASURE_ANSWER>;
