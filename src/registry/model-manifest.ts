import { AppError } from "../core/app-error.js";
import type { NetworkSpec } from "../graph/architectures/network-spec.js";
import type { SignatureTable } from "../graph/saved-model/signature.js";

/** Raised when readers of an older export must do something else. */
const FORMAT_VERSION = 1;

/** What a SavedModel does not say about itself: `espalier.json` beside `saved_model.pb`. */
export interface ModelManifest {
  readonly formatVersion: typeof FORMAT_VERSION;
  readonly signatures: SignatureTable;
  /** In the order of the network's outputs. */
  readonly classNames: readonly string[];
  readonly network: NetworkSpec;
  readonly dataset: {
    /** "flowers:3" */
    readonly ref: string;
    /** SHA-256 of the dataset version's manifest. */
    readonly hash: string | null;
  };
  readonly run: { readonly id: string; readonly epoch: number };
}

export const MANIFEST_FILE = "espalier.json";

/** The manifest as the bytes of its file. */
export function formatManifest(manifest: Omit<ModelManifest, "formatVersion">): string {
  return `${JSON.stringify({ formatVersion: FORMAT_VERSION, ...manifest }, null, 2)}\n`;
}

/**
 * Reads the text of a manifest whose digest was checked, so that only its format can surprise.
 *
 * @throws AppError `MODEL_FORMAT_UNKNOWN` when another version of the product wrote it
 */
export function parseManifest(text: string): ModelManifest {
  const manifest = JSON.parse(text) as ModelManifest;
  if (manifest.formatVersion !== FORMAT_VERSION) {
    throw new AppError(
      "MODEL_FORMAT_UNKNOWN",
      `The model's ${MANIFEST_FILE} must have format version ${FORMAT_VERSION}. Received ` +
        `${JSON.stringify(manifest.formatVersion)}. Register the run again with this version of Espalier.`,
    );
  }
  return manifest;
}
