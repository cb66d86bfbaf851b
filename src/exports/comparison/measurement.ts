import { z } from "zod";

/** The sizes of batches whose time is measured. */
export const TIMED_BATCHES = [1, 8] as const;

/** How a model version or an export computes on this machine. */
export const MODEL_MEASUREMENT = z.discriminatedUnion("status", [
  z
    .object({
      status: z.literal("MEASURED"),
      /** "Espalier" for a model version, "ONNX Runtime" for an export. */
      runtime: z.string(),
      runtimeVersion: z.string(),
      imageCount: z.int(),
      /** Images whose most probable class is theirs. */
      correctCount: z.int(),
      /** Median time of one image, in milliseconds, at batch 1 and in batches of 8. */
      millisecondsAtBatch1: z.number(),
      millisecondsAtBatch8: z.number(),
      /** Greatest resident memory of its process. */
      peakMemoryBytes: z.int(),
    })
    .readonly(),
  z
    .object({
      status: z.literal("NOT_MEASURED"),
      /** A sentence that says why. */
      reason: z.string(),
    })
    .readonly(),
]);
export type ModelMeasurement = z.infer<typeof MODEL_MEASUREMENT>;
