import path from "node:path";
import { AppError } from "../core/app-error.js";
import type { PretrainedWeights } from "../core/enumerations.js";
import type { Initialization } from "../core/runs/configuration.js";
import type { InitializationReport } from "../core/runs/initialization-report.js";
import type { LayerWidths } from "../core/runs/layer-widths.js";
import type { RunWarning } from "../core/runs/warnings.js";
import { PRETRAINED_WEIGHTS } from "../core/settings/words.js";
import type { Uploads } from "../data/imports/uploads.js";
import type { EngineHost } from "../engine/engine-host.js";
import { modelVersionName } from "./model-ref.js";
import type { ModelRegistry } from "./model-registry.js";
import type { ModelStore } from "./model-store.js";
import { modelVersionNotFound } from "./model-version-not-found.js";
import { fitWeights } from "./weights/fit-weights.js";
import type { ImportedWeights } from "./weights/imported-weights.js";
import type { InitialVariables } from "./weights/initial-variables.js";
import { describeArchitecture } from "./weights/layouts/source-network.js";
import type { DownloadWatch } from "./weights/pretrained/pretrained-download.js";
import type { PretrainedStore } from "./weights/pretrained/pretrained-store.js";
import { reportOf } from "./weights/report.js";
import { offeredBy, preprocessingWarnings } from "./weights/version-weights.js";
import type { WantedWeights } from "./weights/wanted-weights.js";

export type { InitialVariables };

/** The choice of the first weights. Exactly one field is set. */
export interface InitializationInput {
  /** "flowers:3", "flowers@champion" */
  readonly modelVersion?: string | null | undefined;
  /** A weights file. */
  readonly uploadId?: string | null | undefined;
  /** Published weights. */
  readonly pretrained?: PretrainedWeights | null | undefined;
}

/** The decision about the first weights, which the run keeps. */
export interface ResolvedInitialization {
  readonly initialization: Initialization;
  /** Null where all weights start at random. */
  readonly report: InitializationReport | null;
  /** Those of a pruned version, whose network the run has; null: the widths of the architecture. */
  readonly layerWidths: LayerWidths | null;
  /** For the owner of the run. */
  readonly warnings: readonly RunWarning[];
}

const INPUT_PATH = ["configuration", "initialization"];

/** Finds the first weights of a run. */
export class InitialWeights {
  readonly #models: ModelStore;
  readonly #registry: ModelRegistry;
  readonly #uploads: Uploads;
  readonly #imported: ImportedWeights;
  readonly #pretrained: PretrainedStore;

  constructor(options: {
    models: ModelStore;
    registry: ModelRegistry;
    uploads: Uploads;
    imported: ImportedWeights;
    pretrained: PretrainedStore;
  }) {
    this.#models = options.models;
    this.#registry = options.registry;
    this.#uploads = options.uploads;
    this.#imported = options.imported;
    this.#pretrained = options.pretrained;
  }

  /**
   * Called at launch. Checks that the weights fit the network, and stores them, so that neither a moved alias nor an
   * expired upload changes the run.
   *
   * @throws AppError with a path below `configuration.initialization`: `INITIALIZATION_INVALID`,
   *   `MODEL_VERSION_NOT_FOUND`, `MODEL_DAMAGED`, `WEIGHTS_INVALID`, `WEIGHTS_MISMATCH`, or an error of the upload
   */
  async resolve(input: InitializationInput | null, wanted: WantedWeights): Promise<ResolvedInitialization> {
    if (input === null) {
      return { initialization: { kind: "random" }, report: null, layerWidths: null, warnings: [] };
    }
    const { modelVersion, uploadId, pretrained } = input;
    const given = [modelVersion, uploadId, pretrained].filter((value) => value != null);
    if (given.length === 1) {
      if (modelVersion != null) {
        return below("modelVersion", () => this.#resolveModelVersion(modelVersion, wanted));
      }
      if (uploadId != null) return below("uploadId", () => this.#resolveUpload(uploadId, wanted));
      if (pretrained != null)
        return below("pretrained", async () => this.#resolvePretrained(pretrained, wanted));
    }
    throw new AppError(
      "INITIALIZATION_INVALID",
      "The first weights come from exactly one of modelVersion, uploadId and pretrained. Received " +
        `${JSON.stringify(input)}.`,
      { path: INPUT_PATH },
    );
  }

  /**
   * Called when a run is prepared.
   *
   * @param host the engine that trains
   * @param watch `onProgress` is called with the bytes of a download
   * @returns null when the first weights are random
   * @throws AppError `MODEL_VERSION_NOT_FOUND`, `MODEL_DAMAGED`, `BLOB_MISSING`, `PRETRAINED_UNAVAILABLE`,
   *   `PRETRAINED_DAMAGED`, `WEIGHTS_INVALID`, `WEIGHTS_MISMATCH`; the reason of the signal when it aborts
   */
  async provide(
    initialization: Initialization,
    wanted: WantedWeights,
    host: EngineHost,
    watch: DownloadWatch,
  ): Promise<InitialVariables | null> {
    switch (initialization.kind) {
      case "random":
        return null;
      case "modelVersion": {
        const { modelVersionId } = initialization;
        const [version] = await this.#models.findVersions([modelVersionId]);
        if (version === undefined) {
          throw new AppError(
            "MODEL_VERSION_NOT_FOUND",
            `The run starts from the model version ${modelVersionId}, which does not exist.`,
          );
        }
        const { folder, manifest } = await this.#registry.read(version);
        const { network, classNames } = wanted;
        const { copied, classes } = fitWeights(network, offeredBy(version, manifest), classNames);
        return { folder: path.join(folder, "variables"), variables: copied, classes, report: null };
      }
      case "weights":
        return this.#imported.provide(initialization.sha256, wanted, host);
      case "pretrained": {
        const file = this.#pretrained.named(initialization.file, wanted.network);
        const { name } = file;
        const locate = () => this.#pretrained.locate(file, watch);
        return this.#imported.convert({ key: name, name, locate }, wanted, host);
      }
    }
  }

  async #resolveUpload(uploadId: string, wanted: WantedWeights): Promise<ResolvedInitialization> {
    const file = await this.#uploads.pathOf(uploadId);
    const { sha256, report, assumedEpsilon, classNamesFlaw } = await this.#imported.keep(file, wanted);
    const warnings = [
      ...(assumedEpsilon === null ? [] : [epsilonWarning(assumedEpsilon)]),
      ...(classNamesFlaw === null ? [] : [classNamesWarning(classNamesFlaw)]),
    ];
    return { initialization: { kind: "weights", sha256 }, report, layerWidths: null, warnings };
  }

  /** The file itself is fetched when the run is prepared, because that can take minutes. */
  #resolvePretrained(weights: PretrainedWeights, { network }: WantedWeights): ResolvedInitialization {
    const file = this.#pretrained.find(weights, network);
    if (file === null) {
      throw new AppError(
        "INITIALIZATION_INVALID",
        `There are no published weights ${weights} of ${describeArchitecture(network)}. ` +
          PRETRAINED_WEIGHTS.meanings[weights],
      );
    }
    if (network.widthMultiplier !== 1) {
      throw new AppError(
        "INITIALIZATION_INVALID",
        `Published weights need widthMultiplier 1. Received ${network.widthMultiplier}.`,
      );
    }
    return {
      initialization: { kind: "pretrained", file: file.name },
      report: null,
      layerWidths: null,
      warnings: preprocessingWarnings(`The weights ${file.name}`, file.preprocessing, network),
    };
  }

  async #resolveModelVersion(ref: string, wanted: WantedWeights): Promise<ResolvedInitialization> {
    const version = await this.#models.findVersionByRef(ref);
    if (version === null) throw await modelVersionNotFound(this.#models, ref);
    const { manifest } = await this.#registry.read(version);
    const offered = offeredBy(version, manifest);
    const { layerWidths = null } = manifest.network;
    const fitted = fitWeights({ ...wanted.network, layerWidths }, offered, wanted.classNames);
    return {
      initialization: { kind: "modelVersion", modelVersionId: version.id },
      report: reportOf(modelVersionName(version), wanted, offered, fitted),
      layerWidths,
      warnings: preprocessingWarnings(
        `The weights of ${modelVersionName(version)}`,
        manifest.network.preprocessing,
        wanted.network,
      ),
    };
  }
}

function epsilonWarning(epsilon: number): RunWarning {
  return {
    code: "NORMALIZATION_EPSILON_ASSUMED",
    message:
      `The weights file does not state the epsilon of its batch normalizations. ${epsilon}, the default of the program ` +
      "that wrote it, is assumed. If the network was built with another one, launch the run with " +
      "importedNormalizationEpsilon.",
  };
}

function classNamesWarning(flaw: string): RunWarning {
  return {
    code: "CLASS_NAMES_UNUSABLE",
    message:
      `The class names in the weights file cannot be used: ${flaw}. The last layer was copied by position: its first ` +
      "output is that of the first class of the dataset, and so on. If the classes were in another order, save them " +
      "as a list of names, in the order of the outputs, under the key class_names, and launch the run again.",
  };
}

/** Adds the field of the input to the path of errors. */
async function below<T>(field: keyof InitializationInput, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause;
    throw new AppError(cause.code, cause.message, { cause, path: [...INPUT_PATH, field] });
  }
}
