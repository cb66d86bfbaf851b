import { z } from "zod";
import { AppError } from "../core/app-error.js";
import { INPUT_CONTRACT } from "../core/input-contract.js";
import type { NetworkSpec } from "../graph/architectures/network-spec.js";
import { SIGNATURES_SCHEMA } from "../graph/saved-model/signature.js";
import { jsonOf } from "../lang/json.js";

/** Increased when an export must be read in another way. */
const FORMAT_VERSION = 1;

/** The data that a SavedModel lacks: `espalier.json` beside `saved_model.pb`. */
const MANIFEST = z
  .object({
    formatVersion: z.literal(FORMAT_VERSION),
    signatures: SIGNATURES_SCHEMA,
    /** In the order of the network's outputs. */
    classNames: z.array(z.string()).readonly(),
    /** Null in exports of earlier versions of the program, which had none. */
    inputContract: INPUT_CONTRACT.nullable().default(null),
    /** The network as it was trained; its `precision` is that of training. */
    network: z.custom<NetworkSpec>((network) => typeof network === "object" && network !== null),
    /**
     * The precision that `saved_model.pb` computes in. Null in exports of earlier versions of the program, which computed
     * in the precision of training and published `init`, `save` and `restore`.
     */
    exportedPrecision: z.enum(["FLOAT32"]).nullable().default(null),
    dataset: z
      .object({
        /** "flowers:3" */
        ref: z.string(),
        /** SHA-256 of the dataset version's manifest. */
        hash: z.string().nullable(),
      })
      .readonly(),
    run: z.object({ id: z.string(), epoch: z.number() }).readonly(),
    /** The model version that an exported SavedModel was made from; missing in the model version itself. */
    origin: z
      .object({
        product: z.string(),
        /** "flowers:3" */
        modelVersion: z.string(),
        modelVersionId: z.string(),
      })
      .readonly()
      .optional(),
  })
  .readonly();
export type ModelManifest = z.infer<typeof MANIFEST>;

export const MANIFEST_FILE = "espalier.json";

/** The manifest as the bytes of its file. */
export function formatManifest(manifest: Omit<ModelManifest, "formatVersion">): string {
  return `${JSON.stringify({ formatVersion: FORMAT_VERSION, ...manifest }, null, 2)}\n`;
}

/**
 * Reads the text of a manifest. The caller has checked its digest, so it is either valid or has another format.
 *
 * @throws AppError `MODEL_FORMAT_UNKNOWN` when another version of the product wrote it
 */
export function parseManifest(text: string): ModelManifest {
  const { data, error } = MANIFEST.safeParse(jsonOf(text));
  if (error === undefined) return data;
  throw new AppError(
    "MODEL_FORMAT_UNKNOWN",
    `The model's ${MANIFEST_FILE} is not a manifest of format version ${FORMAT_VERSION}:\n${z.prettifyError(error)}\n` +
      "Register the run again with this version of Espalier.",
    { cause: error },
  );
}
