import { AppError } from "../../core/app-error.js";
import type { BlobSubject } from "../../data/blobs/blob-store.js";
import type { Predictions } from "./predictions.js";

/** A blob with predictions, for the error when it is missing or damaged. */
export const PREDICTIONS_BLOB: BlobSubject = {
  name: "A file with the predictions of a run",
  remedy: "Restore it from a backup, or launch the run again.",
};

/**
 * Predictions in NumPy's `.npy` format 1.0
 * (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): a structured array with a record for each
 * sample, so that an analysis can begin with `np.load(file)["probabilities"]`.
 */
const MAGIC = Uint8Array.of(0x93, ...new TextEncoder().encode("NUMPY"), 1, 0);
const LENGTH_BYTES = 2;
/** The offset of the first record is a multiple of this. */
const ALIGNMENT_BYTES = 64;
const WORD_BYTES = 4;
/** Number of words of a record before its ranks: position, label and loss. */
const FIXED_WORDS = 3;

export function encodePredictions(predictions: Predictions): Uint8Array {
  const { sampleCount, ranks, positions, labels, losses, ranked, probabilities } = predictions;
  const header = headerOf(sampleCount, ranks);
  const words = FIXED_WORDS + 2 * ranks;
  const bytes = new Uint8Array(header.length + sampleCount * words * WORD_BYTES);
  bytes.set(header);
  const integers = new Int32Array(bytes.buffer, header.length);
  const floats = new Float32Array(bytes.buffer, header.length);
  for (let sample = 0, word = 0; sample < sampleCount; sample++, word += words) {
    const [from, to] = [sample * ranks, (sample + 1) * ranks];
    integers[word] = positions[sample] ?? 0;
    integers[word + 1] = labels[sample] ?? 0;
    floats[word + 2] = losses[sample] ?? 0;
    integers.set(ranked.subarray(from, to), word + FIXED_WORDS);
    floats.set(probabilities.subarray(from, to), word + FIXED_WORDS + ranks);
  }
  return bytes;
}

/** @throws AppError `PREDICTIONS_DAMAGED` for anything that `encodePredictions` did not write */
export function decodePredictions(bytes: Uint8Array): Predictions {
  const { start, sampleCount, ranks } = parseHeader(bytes);
  const words = FIXED_WORDS + 2 * ranks;
  // A copy is aligned to four bytes, whatever the alignment of the given bytes.
  const records = new Uint8Array(bytes.subarray(start));
  if (records.length !== sampleCount * words * WORD_BYTES) {
    throw damaged(`${sampleCount * words * WORD_BYTES} bytes of records`, `${records.length}`);
  }
  const integers = new Int32Array(records.buffer);
  const floats = new Float32Array(records.buffer);
  const predictions: Predictions = {
    sampleCount,
    ranks,
    positions: new Int32Array(sampleCount),
    labels: new Int32Array(sampleCount),
    losses: new Float32Array(sampleCount),
    ranked: new Int32Array(sampleCount * ranks),
    probabilities: new Float32Array(sampleCount * ranks),
  };
  let previous = -1;
  for (let sample = 0, word = 0; sample < sampleCount; sample++, word += words) {
    const position = integers[word] ?? -1;
    if (position <= previous) throw damaged("ascending positions", `${position} after ${previous}`);
    previous = position;
    predictions.positions[sample] = position;
    predictions.labels[sample] = integers[word + 1] ?? 0;
    predictions.losses[sample] = floats[word + 2] ?? 0;
    const ranksAt = word + FIXED_WORDS;
    predictions.ranked.set(integers.subarray(ranksAt, ranksAt + ranks), sample * ranks);
    predictions.probabilities.set(floats.subarray(ranksAt + ranks, ranksAt + 2 * ranks), sample * ranks);
  }
  return predictions;
}

/** The header: magic bytes, length and text, padded as the format requires. */
function headerOf(sampleCount: number, ranks: number): Uint8Array {
  const text = descriptionOf(sampleCount, ranks);
  const unpadded = MAGIC.length + LENGTH_BYTES + text.length + 1;
  const length = Math.ceil(unpadded / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
  const header = new Uint8Array(length).fill(" ".charCodeAt(0));
  header.set(MAGIC);
  new DataView(header.buffer).setUint16(MAGIC.length, length - MAGIC.length - LENGTH_BYTES, true);
  header.set(new TextEncoder().encode(text), MAGIC.length + LENGTH_BYTES);
  header[length - 1] = "\n".charCodeAt(0);
  return header;
}

function descriptionOf(sampleCount: number, ranks: number): string {
  const fields = [
    "('position', '<i4')",
    "('label', '<i4')",
    "('loss', '<f4')",
    `('classes', '<i4', (${ranks},))`,
    `('probabilities', '<f4', (${ranks},))`,
  ];
  return `{'descr': [${fields.join(", ")}], 'fortran_order': False, 'shape': (${sampleCount},), }`;
}

function parseHeader(bytes: Uint8Array): { start: number; sampleCount: number; ranks: number } {
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, 512));
  const sampleCount = Number(/'shape': \((\d{1,9}),\)/.exec(head)?.[1]);
  const ranks = Number(/'classes', '<i4', \((\d{1,3}),\)/.exec(head)?.[1]);
  if (Number.isInteger(sampleCount) && Number.isInteger(ranks)) {
    const expected = headerOf(sampleCount, ranks);
    // A layout has exactly one header, so it is compared as a whole and not interpreted.
    if (Buffer.compare(expected, bytes.subarray(0, expected.length)) === 0) {
      return { start: expected.length, sampleCount, ranks };
    }
  }
  throw damaged("a header of predictions", JSON.stringify(head.slice(0, 80)));
}

function damaged(expected: string, received: string): AppError {
  return new AppError(
    "PREDICTIONS_DAMAGED",
    `A file of predictions must hold ${expected}. Received ${received}. Train the run again to restore it.`,
  );
}
