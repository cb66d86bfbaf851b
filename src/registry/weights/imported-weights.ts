import type { BlobStore } from "../../data/blob-store.js";
import type { EngineHost } from "../../engine/engine-host.js";
import type { NetworkSpec } from "../../graph/architectures/network-spec.js";
import type { Log } from "../../telemetry/log.js";
import type { InitialVariables } from "./initial-variables.js";

/** Files of weights that other programs wrote, kept as blobs and converted into checkpoints. */
export class ImportedWeights {
  readonly #blobs: BlobStore;
  readonly #homeFolder: string;
  readonly #log: Log;

  constructor(options: { blobs: BlobStore; homeFolder: string; log: Log }) {
    this.#blobs = options.blobs;
    this.#homeFolder = options.homeFolder;
    this.#log = options.log;
  }

  /**
   * Checks a file against a network and keeps it.
   *
   * @returns the SHA-256 that it is kept under
   * @throws AppError `WEIGHTS_INVALID`, `WEIGHTS_MISMATCH`
   */
  async keep(_file: string, _network: NetworkSpec): Promise<string> {
    throw new Error("Not there yet.");
  }

  /** @throws AppError `BLOB_MISSING`, `WEIGHTS_INVALID`, `WEIGHTS_MISMATCH` */
  async provide(_sha256: string, _network: NetworkSpec, _host: EngineHost): Promise<InitialVariables> {
    throw new Error("Not there yet.");
  }
}
