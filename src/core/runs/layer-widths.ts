import { z } from "zod";
import { parseStored } from "../stored-json.js";

/** Output channels of the convolutions that are narrower than their architecture says, by the names of the layers. */
export const LAYER_WIDTHS = z.record(z.string(), z.number().int().positive()).readonly();
export type LayerWidths = z.infer<typeof LAYER_WIDTHS>;

const STORED_WIDTHS = LAYER_WIDTHS.nullable();

/** Reads the widths of a stored run. Null: all layers have the widths of the architecture, or they are not decided yet. */
export function readLayerWidths(json: unknown): LayerWidths | null {
  return parseStored(STORED_WIDTHS, json, "description of a run's layer widths");
}
