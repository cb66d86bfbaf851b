import { AppError } from "../../core/app-error.js";
import { parseDatasetRef } from "./dataset-ref.js";
import type { DatasetStore } from "./dataset-store.js";

/**
 * The error for a reference that names no dataset version. Says which part of it does not exist, and what does.
 *
 * @param path of the field of the input
 */
export async function datasetVersionNotFound(
  datasets: DatasetStore,
  ref: string,
  path: readonly string[],
): Promise<AppError> {
  return new AppError("DATASET_VERSION_NOT_FOUND", await explain(datasets, ref), { path });
}

async function explain(datasets: DatasetStore, ref: string): Promise<string> {
  const parsed = parseDatasetRef(ref);
  if (parsed === null) {
    return (
      `A dataset version is named "flowers" (the latest ready version of a dataset) or "flowers:3". ` +
      `Received ${JSON.stringify(ref)}.`
    );
  }
  const dataset = await datasets.findDatasetByName(parsed.name);
  if (dataset === null) return `There is no dataset named "${parsed.name}".`;
  const { items } = await datasets.listVersions(dataset.id, { first: 1, after: null });
  const latest = items[0]?.node;
  if (latest === undefined) return `The dataset "${dataset.name}" has no versions.`;
  if (parsed.number === null) {
    return (
      `The dataset "${dataset.name}" has no version that is READY. Its latest version, ${latest.number}, is ` +
      `${latest.status}.`
    );
  }
  return `The dataset "${dataset.name}" has no version ${parsed.number}. Its latest version is ${latest.number}.`;
}
