import { AppError } from "../../core/app-error.js";
import type { SampleRecord } from "../../core/dataset-records.js";
import type { Split } from "../../core/enumerations.js";
import { type KeyRange, keysetOf, readPage } from "../../core/keyset.js";
import type { CountedPage, PageRequest } from "../../core/page.js";
import type { BlobStore } from "../../data/blobs/blob-store.js";
import type { DatasetStore } from "../../data/versions/dataset-store.js";
import type { EvaluationStore } from "../evaluation/evaluation-store.js";
import { decodePredictions, PREDICTIONS_BLOB } from "../evaluation/predictions-file.js";
import type { RunRecord } from "../record/run-records.js";
import { type Disagreements, findDisagreements, indicesIn } from "./disagreements.js";

/** A sample that one of two runs predicts correctly and the other wrongly. */
export interface DisagreementRecord {
  readonly sample: SampleRecord;
  /** The prediction of each run, in the order of the runs. */
  readonly predictions: readonly { readonly label: string; readonly probability: number }[];
}

const KEYSET = keysetOf(["integer"], ({ sample }: DisagreementRecord) => [sample.position]);

/** Number of pairs whose disagreements are kept, because a client that asks for one page asks for the next. */
const KEPT_PAIRS = 4;

/** Reads the predictions of two runs and finds where only one of them is correct. */
export class DisagreementFinder {
  /** By the digests of both predictions; the most recently used pair is the last. */
  readonly #found = new Map<string, Promise<Disagreements>>();

  constructor(
    private readonly evaluations: EvaluationStore,
    private readonly datasets: DatasetStore,
    private readonly blobs: BlobStore,
  ) {}

  /**
   * Lists the disagreements by position in the manifest.
   *
   * @throws AppError `COMPARISON_INVALID` unless there are two runs on one dataset version that are evaluated on the split;
   *   `CURSOR_INVALID`, `BLOB_MISSING`, `BLOB_DAMAGED`, `PREDICTIONS_DAMAGED`
   */
  async list(
    runs: readonly RunRecord[],
    split: Split,
    page: PageRequest,
  ): Promise<CountedPage<DisagreementRecord>> {
    const [first, second] = runs;
    if (first === undefined || second === undefined || runs.length !== 2) {
      throw invalid(`needs exactly 2 runs. Received ${runs.length}.`);
    }
    const { datasetVersionId } = first;
    if (second.datasetVersionId !== datasetVersionId) {
      throw invalid(
        "needs runs on the same dataset version. Received runs on two: launch one of them again on the version of the other.",
      );
    }
    const { positions, predictions } = await this.#disagreements(first, second, split);
    const classNames = (await this.datasets.findVersions([datasetVersionId]))[0]?.classNames ?? [];
    const read = async (range: KeyRange<readonly [number]>): Promise<DisagreementRecord[]> => {
      const [from, to] = indicesIn(positions, range);
      const samples = await this.datasets.samplesAt(datasetVersionId, [...positions.subarray(from, to)]);
      const found = samples.map((sample, offset) => ({
        sample,
        predictions: predictions.map(({ classes, probabilities }) => ({
          label: classNames[classes[from + offset] ?? -1] ?? "",
          probability: probabilities[from + offset] ?? 0,
        })),
      }));
      return range.backward ? found.reverse() : found;
    };
    return { ...(await readPage(page, KEYSET, read)), totalCount: async () => positions.length };
  }

  async #disagreements(first: RunRecord, second: RunRecord, split: Split): Promise<Disagreements> {
    const evaluations = await this.evaluations.ofRuns([first.id, second.id]);
    const digestOf = (run: RunRecord): string => {
      const evaluation = evaluations.find((one) => one.runId === run.id && one.split === split);
      if (evaluation !== undefined) return evaluation.predictionsSha256;
      throw invalid(
        `needs runs that were evaluated on ${split}. ${run.name} was not. ${WHEN_EVALUATED[split]}`,
      );
    };
    const digests = [digestOf(first), digestOf(second)] as const;
    const key = digests.join();
    const found = this.#found.get(key) ?? this.#find(...digests);
    this.#found.delete(key);
    this.#found.set(key, found);
    for (const oldest of this.#found.keys()) {
      if (this.#found.size <= KEPT_PAIRS) break;
      this.#found.delete(oldest);
    }
    try {
      return await found;
    } catch (error) {
      if (this.#found.get(key) === found) this.#found.delete(key);
      throw error;
    }
  }

  async #find(first: string, second: string): Promise<Disagreements> {
    const read = (sha256: string): Promise<Uint8Array> => this.blobs.read(sha256, PREDICTIONS_BLOB);
    const [a, b] = await Promise.all([read(first), read(second)]);
    return findDisagreements(decodePredictions(a), decodePredictions(b));
  }
}

const WHEN_EVALUATED: Readonly<Record<Split, string>> = {
  TRAIN: "No run is evaluated on it, because a network has learned its samples.",
  VALIDATION: "A run is evaluated on it after its first epoch.",
  TEST: "A run is evaluated on it when it succeeds, if its data has a test split.",
};

function invalid(need: string): AppError {
  return new AppError("COMPARISON_INVALID", `A list of disagreements ${need}`, { path: ["runIds"] });
}
