import path from "node:path";
import { AppError } from "../core/app-error.js";
import type { Initialization } from "../core/run-configuration.js";
import type { Uploads } from "../data/imports/uploads.js";
import type { EngineHost } from "../engine/engine-host.js";
import { networkVariables } from "../graph/architectures/layer-table.js";
import type { NetworkSpec } from "../graph/architectures/network-spec.js";
import type { ModelManifest } from "./model-manifest.js";
import type { ModelVersionRecord } from "./model-records.js";
import type { ModelRegistry } from "./model-registry.js";
import type { ModelStore } from "./model-store.js";
import { fitWeights, type OfferedWeights } from "./weights/fit-weights.js";
import type { ImportedWeights } from "./weights/imported-weights.js";
import type { InitialVariables } from "./weights/initial-variables.js";

export type { InitialVariables };

/** What a user says about the first weights: null, or exactly one field. */
export interface InitializationInput {
  /** "flowers:3", "flowers@champion" */
  readonly modelVersion?: string | null | undefined;
  /** A file of weights. */
  readonly uploadId?: string | null | undefined;
}

const INPUT_PATH = ["configuration", "initialization"];

/** Finds the weights that a run starts from. */
export class InitialWeights {
  readonly #models: ModelStore;
  readonly #registry: ModelRegistry;
  readonly #uploads: Uploads;
  readonly #imported: ImportedWeights;

  constructor(options: {
    models: ModelStore;
    registry: ModelRegistry;
    uploads: Uploads;
    imported: ImportedWeights;
  }) {
    this.#models = options.models;
    this.#registry = options.registry;
    this.#uploads = options.uploads;
    this.#imported = options.imported;
  }

  /**
   * At launch: checks that the weights fit the network and keeps them, so that neither an alias that
   * moves nor an upload that expires changes the run.
   *
   * @throws AppError with a path below `configuration.initialization`: `INITIALIZATION_INVALID`,
   *   `MODEL_VERSION_NOT_FOUND`, `MODEL_DAMAGED`, `WEIGHTS_INVALID`, `WEIGHTS_MISMATCH` which lists every
   *   mismatch at once, or what is wrong with the upload
   */
  async resolve(input: InitializationInput | null, network: NetworkSpec): Promise<Initialization> {
    const ref = input?.modelVersion ?? null;
    const uploadId = input?.uploadId ?? null;
    if (input === null) return { kind: "random" };
    if (ref !== null && uploadId === null) {
      return below("modelVersion", () => this.#resolveModelVersion(ref, network));
    }
    if (uploadId !== null && ref === null) {
      return below("uploadId", async () => {
        const sha256 = await this.#imported.keep(await this.#uploads.pathOf(uploadId), network);
        return { kind: "weights", sha256 };
      });
    }
    throw new AppError(
      "INITIALIZATION_INVALID",
      `The first weights come from either a modelVersion or an uploadId. Received ${JSON.stringify(input)}.`,
      { path: INPUT_PATH },
    );
  }

  /**
   * While a run is prepared; null for random.
   *
   * @param host the engine that trains
   * @throws AppError `MODEL_VERSION_NOT_FOUND`, `MODEL_DAMAGED`, `BLOB_MISSING`, `WEIGHTS_INVALID`,
   *   `WEIGHTS_MISMATCH`
   */
  async provide(
    initialization: Initialization,
    network: NetworkSpec,
    host: EngineHost,
  ): Promise<InitialVariables | null> {
    switch (initialization.kind) {
      case "random":
        return null;
      case "modelVersion": {
        const { modelVersionId } = initialization;
        const [version] = await this.#models.findVersions([modelVersionId]);
        if (version === undefined) throw versionNotFound(modelVersionId);
        const { folder, manifest } = await this.#registry.read(version);
        const variables = fitWeights(network, offeredBy(version, manifest));
        return { folder: path.join(folder, "variables"), variables };
      }
      case "weights":
        return this.#imported.provide(initialization.sha256, network, host);
    }
  }

  async #resolveModelVersion(ref: string, network: NetworkSpec): Promise<Initialization> {
    const version = await this.#models.findVersionByRef(ref);
    if (version === null) throw versionNotFound(ref);
    const { manifest } = await this.#registry.read(version);
    fitWeights(network, offeredBy(version, manifest));
    return { kind: "modelVersion", modelVersionId: version.id };
  }
}

function offeredBy({ modelName, number }: ModelVersionRecord, { network }: ModelManifest): OfferedWeights {
  const source = `${modelName}:${number}`;
  const variables = networkVariables(network).map(
    ({ name, shape }) => [name, { shape, dtype: "float32", source }] as const,
  );
  return { variables: new Map(variables), unknown: [] };
}

function versionNotFound(name: string): AppError {
  return new AppError(
    "MODEL_VERSION_NOT_FOUND",
    `Expected a model version such as "flowers:3" or "flowers@champion". There is no ${JSON.stringify(name)}.`,
  );
}

/** Says of errors which field of the input they are about. */
async function below<T>(field: keyof InitializationInput, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause;
    throw new AppError(cause.code, cause.message, { cause, path: [...INPUT_PATH, field] });
  }
}
