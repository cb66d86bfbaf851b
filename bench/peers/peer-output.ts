import { z } from "zod";
import { ClientError } from "../../src/client/client-error.js";

/** The part of a result that every script prints. */
const PEER = z.object({
  /** Name and version of the peer's software, such as "PyTorch 2.15.0". */
  version: z.string(),
  peakMemoryBytes: z.number().positive(),
});

const TRAINING = PEER.extend({
  precision: z.string(),
  /** Median of the measured steps. */
  secondsPerStep: z.number().positive(),
  imagesPerSecond: z.number().positive(),
});

const RECIPE = PEER.extend({
  precision: z.string(),
  /** Median of the epochs; training and validation. */
  secondsPerEpoch: z.number().positive(),
  /** Best of all epochs, a fraction. */
  bestValidationTop1: z.number().min(0).max(1),
});

const STORE = PEER.extend({
  runs: z.number().positive(),
  searchP50Ms: z.number().positive(),
  searchP95Ms: z.number().positive(),
  compareP50Ms: z.number().positive(),
  compareP95Ms: z.number().positive(),
  batchP50Ms: z.number().positive(),
  batchP95Ms: z.number().positive(),
  pointsPerSecond: z.number().positive(),
});

export type TrainingFigures = z.infer<typeof TRAINING>;
export type RecipeFigures = z.infer<typeof RECIPE>;
export type StoreFigures = z.infer<typeof STORE>;

export const readTraining = readerOf(TRAINING);
export const readRecipe = readerOf(RECIPE);
export const readStore = readerOf(STORE);

const MAX_SHOWN_CHARACTERS = 200;

/** @returns a function that reads the last line of a script's output; it throws ClientError `PEER_OUTPUT_UNEXPECTED` */
function readerOf<Figures>(schema: z.ZodType<Figures>): (output: string) => Figures {
  return (output) => {
    const read = schema.safeParse(parseJson(output.trim().split("\n").at(-1) ?? ""));
    if (read.success) return read.data;
    const end = JSON.stringify(output.trim().slice(-MAX_SHOWN_CHARACTERS));
    throw new ClientError(
      "PEER_OUTPUT_UNEXPECTED",
      `Expected a result as the last line of the script's output: ${z.prettifyError(read.error)}. Received ${end}.`,
    );
  };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
