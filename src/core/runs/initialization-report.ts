import { z } from "zod";
import { parseStored } from "../stored-json.js";

/** The most names in each list of a report; the counts are of all. */
export const MAX_REPORTED_NAMES = 100;

const NAMES = z.array(z.string()).readonly();

export const INITIALIZATION_REPORT = z.object({
  /** Where the weights come from: "flowers:3", "uploaded file". */
  source: z.string(),
  /** "VGG11 with batch normalization, width 0.25, prefix `module.`" */
  looksLike: z.string(),
  /** The beginning of the names in the file that the names of the network lack; null: they are the same. */
  prefix: z.string().nullable(),
  /** The keys of the state dictionary in a larger dictionary, "state_dict"; null: the file is it. */
  container: z.string().nullable(),
  /** The epsilon of the source's batch normalizations where the file does not state it; null: it does, or there are none. */
  normalizationEpsilon: z.number().nullable(),
  /** Variables of the network that have the values of the source, in the network's order. */
  copied: NAMES,
  /** Variables that start at random, with the reason as the end of "because …". */
  random: z.array(z.object({ variable: z.string(), reason: z.string() }).readonly()).readonly(),
  /** Tensors of the file that lie outside of the network. */
  ignored: NAMES,
  ignoredCount: z.number(),
  /** Null: the last layer starts at random, or the source does not name its classes. */
  classes: z
    .object({
      /** Classes of the dataset whose weights in the last layer are those of the class of this name in the source. */
      copied: NAMES,
      copiedCount: z.number(),
      /** Classes that the source does not have, whose weights start at random. */
      fresh: NAMES,
      freshCount: z.number(),
    })
    .readonly()
    .nullable(),
});

/** The weights that a run took from the source of its initial weights, and those that start at random. */
export type InitializationReport = Readonly<z.infer<typeof INITIALIZATION_REPORT>>;

const STORED_REPORT = INITIALIZATION_REPORT.readonly().nullable();

/** Reads the report of a stored run. Null: all weights started at random, or an earlier version launched the run. */
export function readInitializationReport(json: unknown): InitializationReport | null {
  return parseStored(STORED_REPORT, json, "report about initial weights");
}
