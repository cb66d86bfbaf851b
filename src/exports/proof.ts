import { z } from "zod";
import { Split } from "../core/enumerations.js";

/** How an exported file compares with the model version that it was made from, measured on the same images. */
export const EXPORT_PROOF = z.discriminatedUnion("status", [
  z
    .object({
      status: z.literal("PROVEN"),
      /** "ONNX Runtime" */
      runtime: z.string(),
      runtimeVersion: z.string(),
      split: z.enum(Split),
      imageCount: z.int(),
      /** The greatest difference of a probability, over all images and classes; 1 where the file gives no number. */
      maximumProbabilityDifference: z.number(),
      /** Null where the file does not give logits. */
      maximumLogitDifference: z.number().nullable(),
      /** The fraction of images for which both have the same most probable class. */
      top1Agreement: z.number(),
      accuracy: z.number(),
      originalAccuracy: z.number(),
      /** Median time of one image at batch 1 in the official runtime. */
      millisecondsPerImage: z.number(),
      /** The same in Espalier's own engine, with the original weights in float32. */
      originalMillisecondsPerImage: z.number(),
    })
    .readonly(),
  z
    .object({
      status: z.literal("NOT_PROVEN"),
      /** A sentence that says why. */
      reason: z.string(),
    })
    .readonly(),
]);
export type ExportProof = z.infer<typeof EXPORT_PROOF>;
export type MeasuredProof = Extract<ExportProof, { readonly status: "PROVEN" }>;
