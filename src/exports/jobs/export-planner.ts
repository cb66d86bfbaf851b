import path from "node:path";
import type { Split } from "../../core/enumerations.js";
import { modelVersionName } from "../../registry/model-ref.js";
import type { ModelRegistry } from "../../registry/model-registry.js";
import type { ModelStore } from "../../registry/model-store.js";
import type { ExportJob } from "../attempt/job.js";
import type { AttemptFiles } from "./export-files.js";
import type { ExportImagesStore } from "./export-images-store.js";
import type { ModelExportRecord } from "./export-records.js";

/** The splits that a proof may use, best first: images that training has not seen. */
const PROOF_SPLITS = ["TEST", "VALIDATION"] as const satisfies readonly Split[];

/** The facts of this server that every job has. */
export type ServerFacts = Pick<
  ExportJob,
  "blobsFolder" | "cacheFolder" | "python" | "threads" | "addonFile" | "limits"
> & {
  /** "espalier 0.1.0" */
  readonly product: string;
};

/** Gathers everything that the process of an export needs. */
export class ExportPlanner {
  constructor(
    private readonly models: ModelStore,
    private readonly registry: ModelRegistry,
    private readonly images: ExportImagesStore,
    private readonly facts: ServerFacts,
  ) {}

  /** @throws AppError `MODEL_DAMAGED`, `MODEL_FORMAT_UNKNOWN` */
  async plan(requested: ModelExportRecord, files: AttemptFiles): Promise<ExportJob> {
    const { modelVersionId, format, precision, calibrationImages, proofImages, fileName } = requested;
    const [version] = await this.models.findVersions([modelVersionId]);
    if (version === undefined) throw new Error(`There is no model version ${modelVersionId}.`);
    const { folder, manifest } = await this.registry.read(version);
    const { datasetVersionId } = version;
    const { product, ...facts } = this.facts;
    return {
      format,
      precision,
      modelFolder: folder,
      network: manifest.network,
      classNames: version.classNames,
      identity: {
        product,
        modelVersion: modelVersionName(version),
        modelVersionId: version.id,
        description: version.description,
        runId: version.runId,
        epoch: version.epoch,
        dataset: manifest.dataset.ref,
        datasetHash: manifest.dataset.hash,
        registeredAt: version.createdAt,
      },
      calibration:
        calibrationImages === null
          ? []
          : await this.images.choose(datasetVersionId, "TRAIN", calibrationImages),
      proof: await this.#proofOn(datasetVersionId, proofImages),
      file: path.join(files.fileFolder, fileName),
      workFolder: files.workFolder,
      ...facts,
    };
  }

  async #proofOn(datasetVersionId: string, count: number): Promise<ExportJob["proof"]> {
    for (const split of PROOF_SPLITS) {
      const images = await this.images.choose(datasetVersionId, split, count);
      if (images.length > 0) return { split, images };
    }
    return { split: PROOF_SPLITS[0], images: [] };
  }
}
