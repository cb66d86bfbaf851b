import { AppError } from "../../core/app-error.js";
import { kindOfId } from "../../core/ids.js";
import type { BlobStore } from "../../data/blobs/blob-store.js";
import type { DatasetStore } from "../../data/versions/dataset-store.js";
import { predictionsCsvName } from "./evaluation-records.js";
import type { EvaluationStore } from "./evaluation-store.js";
import type { Predictions } from "./predictions.js";
import { decodePredictions, PREDICTIONS_BLOB } from "./predictions-file.js";

/** The most probable classes of a sample that have columns. A dataset with fewer classes leaves columns empty. */
const RANKS = 5;

const HEADER = [
  "sample",
  "label",
  ...Array.from({ length: RANKS }, (_rank, index) => [
    `class_${index + 1}`,
    `probability_${index + 1}`,
  ]).flat(),
];

/** Samples whose names are read at once. */
const SAMPLES_AT_ONCE = 500;

const SHA256 = /^[0-9a-f]{64}$/;

export interface OpenCsv {
  readonly fileName: string;
  /** Parts of the text, each with whole lines. */
  readonly parts: AsyncIterable<string>;
}

/**
 * Writes predictions as CSV (RFC 4180, UTF-8, with a header): sample, label, and the five most probable classes, each
 * with its probability. Names are written as they are, also those that a spreadsheet takes for a formula, because a
 * changed name would no longer be found.
 */
export class PredictionsCsv {
  constructor(
    private readonly evaluations: EvaluationStore,
    private readonly datasets: DatasetStore,
    private readonly blobs: BlobStore,
  ) {}

  /**
   * @param predictionsSha256 names the evaluation: a better epoch of the run replaces it
   * @throws AppError `ARTIFACT_NOT_FOUND`, `BLOB_MISSING`, `BLOB_DAMAGED`, `PREDICTIONS_DAMAGED`
   */
  async open(runId: string, predictionsSha256: string): Promise<OpenCsv> {
    const possible = kindOfId(runId) === "run" && SHA256.test(predictionsSha256);
    const evaluated = possible ? await this.evaluations.findEvaluated(runId, predictionsSha256) : null;
    if (evaluated === null) {
      throw new AppError(
        "ARTIFACT_NOT_FOUND",
        `The run ${JSON.stringify(runId)} has no predictions ${JSON.stringify(predictionsSha256)}. Ask for the URL ` +
          "again: those of a better epoch may have replaced them.",
      );
    }
    const { split, datasetVersionId } = evaluated;
    const predictions = decodePredictions(await this.blobs.read(predictionsSha256, PREDICTIONS_BLOB));
    return { fileName: predictionsCsvName(split), parts: this.#parts(datasetVersionId, predictions) };
  }

  async *#parts(datasetVersionId: string, predictions: Predictions): AsyncIterable<string> {
    const [version] = await this.datasets.findVersions([datasetVersionId]);
    const classNames = version?.classNames ?? [];
    yield csvLine(HEADER);
    for (let from = 0; from < predictions.sampleCount; from += SAMPLES_AT_ONCE) {
      const positions = [...predictions.positions.subarray(from, from + SAMPLES_AT_ONCE)];
      const samples = await this.datasets.samplesAt(datasetVersionId, positions);
      const names = new Map(samples.map(({ position, sourceName }) => [position, sourceName]));
      yield positions
        .map((position, index) =>
          csvLine([names.get(position) ?? "", ...predictedFields(predictions, from + index, classNames)]),
        )
        .join("");
    }
  }
}

/** The label of a sample, then its most probable classes with their probabilities. */
function predictedFields(
  { labels, ranks, ranked, probabilities }: Predictions,
  sample: number,
  classNames: readonly string[],
): readonly string[] {
  const fields = [classNames[labels[sample] ?? -1] ?? ""];
  for (let rank = 0; rank < RANKS; rank++) {
    const place = sample * ranks + rank;
    const known = rank < ranks;
    fields.push(known ? (classNames[ranked[place] ?? -1] ?? "") : "");
    fields.push(known ? float32Text(probabilities[place] ?? Number.NaN) : "");
  }
  return fields;
}

/** The shortest text that is read back as the same float32. */
function float32Text(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const shortened = Number(value.toPrecision(digits));
    if (Math.fround(shortened) === value) return String(shortened);
  }
  return String(Number(value.toPrecision(9)));
}

/** RFC 4180: a field with a comma, a quote or a line break is quoted, and its quotes are doubled. */
function csvLine(fields: readonly string[]): string {
  const quoted = fields.map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field));
  return `${quoted.join(",")}\r\n`;
}
