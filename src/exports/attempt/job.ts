import { z } from "zod";
import { ExportFormat, ExportPrecision, Split } from "../../core/enumerations.js";
import type { NetworkSpec } from "../../graph/architectures/network-spec.js";
import type { Log } from "../../telemetry/log.js";
import { EXPORT_PROOF } from "../proof.js";

/** An image of the dataset version that the model was trained on. */
const IMAGE = z
  .object({
    /** SHA-256 of the blob with its bytes. */
    contentHash: z.string(),
    /** Its class, a position in the class names. */
    classIndex: z.int(),
  })
  .readonly();

/** Everything that the process which carries out an export needs to know. Plain data. */
export const EXPORT_JOB = z
  .object({
    format: z.enum(ExportFormat),
    precision: z.enum(ExportPrecision),
    /** The folder of the model version's SavedModel, whose files were checked. */
    modelFolder: z.string(),
    network: z.custom<NetworkSpec>((network) => typeof network === "object" && network !== null),
    classNames: z.array(z.string()).readonly(),
    identity: z
      .object({
        product: z.string(),
        modelVersion: z.string(),
        modelVersionId: z.string(),
        description: z.string(),
        runId: z.string(),
        epoch: z.int(),
        dataset: z.string(),
        datasetHash: z.string().nullable(),
        registeredAt: z.date(),
      })
      .readonly(),
    /** Seeded images of the training split; empty unless the precision is INT8. */
    calibration: z.array(IMAGE).readonly(),
    /** The images of the proof. */
    proof: z.object({ split: z.enum(Split), images: z.array(IMAGE).readonly() }).readonly(),
    /** The file to write, which does not exist. */
    file: z.string(),
    /** An empty folder for other files; the caller removes it. */
    workFolder: z.string(),
    blobsFolder: z.string(),
    cacheFolder: z.string(),
    /** The Python of ESPALIER_PYTHON, which proves `.keras` files; null where it is not set. */
    python: z.string().nullable(),
    threads: z.int(),
    /** The addon of TensorFlow. No custom ops are loaded, so that the proof of a SavedModel is one of stock TensorFlow. */
    addonFile: z.string(),
    /** Limits of an image that is decoded. */
    limits: z.object({ imageBytes: z.number(), imagePixels: z.number() }).readonly(),
  })
  .readonly();
export type ExportJob = z.infer<typeof EXPORT_JOB>;

/** The parts of an export, in order. */
export const EXPORT_STAGES = ["CALIBRATING", "WRITING", "PROVING"] as const;
export type ExportStage = (typeof EXPORT_STAGES)[number];

/** The result of an export that did not fail. The caller compares the proof with the bounds. */
export const EXPORT_OUTCOME = z
  .object({
    sizeBytes: z.int(),
    sha256: z.string(),
    /** Seconds for reading the weights, calibrating and writing the file. */
    writingSeconds: z.number(),
    proof: EXPORT_PROOF,
  })
  .readonly();
export type ExportOutcome = z.infer<typeof EXPORT_OUTCOME>;

export interface ExportWatch {
  readonly log: Log;
  readonly onProgress: (stage: ExportStage, imagesDone: number, imagesTotal: number) => void;
  /** Receives lines for a person while a runtime is downloaded. */
  readonly onLine: (line: string) => void;
}
