import { AppError } from "../../core/app-error.js";
import type { DatasetVersionRecord } from "../../core/dataset-records.js";
import type { Split } from "../../core/enumerations.js";
import { hasFile } from "../../core/exports/state.js";
import { kindOfId } from "../../core/ids.js";
import type { DatasetStore } from "../../data/versions/dataset-store.js";
import type { NetworkSpec } from "../../graph/architectures/network-spec.js";
import type { ModelVersionRecord } from "../../registry/model-records.js";
import type { ModelRegistry } from "../../registry/model-registry.js";
import type { ModelStore } from "../../registry/model-store.js";
import { modelVersionNotFound } from "../../registry/model-version-not-found.js";
import type { ExportImagesStore } from "../jobs/export-images-store.js";
import type { ModelExportRecord } from "../jobs/export-records.js";
import { PROOF_IMAGES } from "../jobs/export-request.js";
import type { ExportStore } from "../jobs/export-store.js";
import type { StoredImage } from "../proving/decoded-images.js";

const MAX_MODELS = 10;
/** Exports that a message lists at most. */
const LISTED_EXPORTS = 10;

/** A model version, or an export of it. */
export interface ComparedModel {
  /** As it was asked for. */
  readonly ref: string;
  readonly modelVersion: ModelVersionRecord;
  /** Null: the version itself, as Espalier serves it. */
  readonly modelExport: ModelExportRecord | null;
  readonly network: NetworkSpec;
}

/** Models that answer with the same classes, and the dataset version whose images they classify. */
export interface ComparedModels {
  readonly models: readonly ComparedModel[];
  readonly datasetVersion: DatasetVersionRecord;
}

/** The id of the export, or that of the version itself. */
export function subjectIdOf({ modelVersion, modelExport }: ComparedModel): string {
  return modelExport?.id ?? modelVersion.id;
}

/** Finds the models that a comparison names, and the images that they classify. */
export class ComparedModelFinder {
  constructor(
    private readonly stores: {
      readonly models: ModelStore;
      readonly exports: ExportStore;
      readonly datasets: DatasetStore;
      readonly images: ExportImagesStore;
    },
    private readonly registry: Pick<ModelRegistry, "readManifest">,
  ) {}

  /**
   * @param refs "flowers:3", "flowers@champion", "flowers", or the id of an export
   * @throws AppError `COMPARISON_INVALID`, `MODEL_VERSION_NOT_FOUND`, `EXPORT_NOT_FOUND`, `MODEL_DAMAGED`,
   *   `MODEL_FORMAT_UNKNOWN`
   */
  async find(refs: readonly string[]): Promise<ComparedModels> {
    if (refs.length < 1 || refs.length > MAX_MODELS) {
      throw invalid(`A comparison takes 1 to ${MAX_MODELS} models. Received ${refs.length}.`);
    }
    const models = await Promise.all(refs.map((ref, index) => this.#findOne(ref, ["refs", String(index)])));
    const ids = new Set(models.map(({ modelVersion }) => modelVersion.datasetVersionId));
    const datasetVersions = await this.stores.datasets.findVersions([...ids]);
    // Splits are kept when a dataset grows, so that no model was trained on the test images of the newest version.
    const datasetVersion = datasetVersions.reduce<DatasetVersionRecord | null>(
      (newest, version) => (newest === null || version.number > newest.number ? version : newest),
      null,
    );
    if (datasetVersion === null) throw new Error("The models have no dataset version.");
    checkSameTask(models, new Map(datasetVersions.map((version) => [version.id, version])), datasetVersion);
    return { models, datasetVersion };
  }

  /**
   * The images that exports are proven on.
   *
   * @throws AppError `COMPARISON_INVALID` when there are none
   */
  async imagesOf({ id, datasetName, number }: DatasetVersionRecord, split: Split): Promise<StoredImage[]> {
    const images = await this.stores.images.choose(id, split, PROOF_IMAGES.max);
    if (images.length > 0) return images;
    throw invalid(
      `The dataset version ${datasetName}:${number} has no images in the split ${split}. Compare on another split.`,
      "split",
    );
  }

  async #findOne(ref: string, path: readonly string[]): Promise<ComparedModel> {
    const { models } = this.stores;
    const modelExport = kindOfId(ref) === "modelExport" ? await this.#findExport(ref, path) : null;
    const modelVersion =
      modelExport === null
        ? await models.findVersionByRef(ref)
        : ((await models.findVersions([modelExport.modelVersionId]))[0] ?? null);
    if (modelVersion === null) throw await modelVersionNotFound(models, ref, path);
    const { network } = await this.registry.readManifest(modelVersion);
    return { ref, modelVersion, modelExport, network };
  }

  async #findExport(id: string, path: readonly string[]): Promise<ModelExportRecord> {
    const [found] = await this.stores.exports.find([id]);
    if (found === undefined) {
      throw new AppError(
        "EXPORT_NOT_FOUND",
        `There is no export with the id ${JSON.stringify(id)}. ModelVersion.exports lists those that exist.`,
        { path },
      );
    }
    if (hasFile(found.state)) return found;
    throw new AppError(
      "EXPORT_NOT_FOUND",
      `The export ${id} has no file: its state is ${found.state}. ${await this.#describeExports(found.modelVersionId)}`,
      { path },
    );
  }

  async #describeExports(modelVersionId: string): Promise<string> {
    const { items } = await this.stores.exports.list(modelVersionId, { first: LISTED_EXPORTS, after: null });
    const complete = items.filter(({ node }) => hasFile(node.state));
    if (complete.length === 0) return "Its model version has no export with a file.";
    const listed = complete.map(
      ({ node }) => `${node.id} (${node.format}, ${node.precision}, ${node.state})`,
    );
    return `Exports of its model version: ${listed.join(", ")}.`;
  }
}

/** @throws AppError `COMPARISON_INVALID` unless all models have one dataset and its classes */
function checkSameTask(
  models: readonly ComparedModel[],
  datasetVersions: ReadonlyMap<string, DatasetVersionRecord>,
  { datasetId, datasetName, number, classNames }: DatasetVersionRecord,
): void {
  for (const { ref, modelVersion } of models) {
    const own = datasetVersions.get(modelVersion.datasetVersionId);
    if (own?.datasetId !== datasetId) {
      throw invalid(
        `Models are compared on the images of one dataset. "${ref}" was trained on "${own?.datasetName}", others on ` +
          `"${datasetName}".`,
      );
    }
    const missing = classNames.filter((name) => !modelVersion.classNames.includes(name));
    if (missing.length === 0 && modelVersion.classNames.length === classNames.length) continue;
    throw invalid(
      `Models are compared on the classes of ${datasetName}:${number}, of which there are ${classNames.length}. "${ref}" ` +
        `has ${modelVersion.classNames.length} classes${missing[0] === undefined ? "" : `, and lacks ${JSON.stringify(missing[0])}`}.`,
    );
  }
}

function invalid(message: string, field = "refs"): AppError {
  return new AppError("COMPARISON_INVALID", message, { path: [field] });
}
