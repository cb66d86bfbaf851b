import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import path from "node:path";
import { AppError } from "../../../core/app-error.js";
import type { PretrainedWeights } from "../../../core/enumerations.js";
import { DurableFile, removeAbandoned, syncFolder } from "../../../data/blobs/durable-file.js";
import type { NetworkSpec } from "../../../graph/architectures/network-spec.js";
import {
  type PretrainedFile,
  type PretrainedTable,
  publishedFile,
} from "../../../graph/architectures/pretrained-files.js";
import { hasSystemCode } from "../../../lang/system-errors.js";
import type { Log } from "../../../telemetry/log.js";
import {
  DOWNLOAD_PATIENCE,
  type DownloadPatience,
  type DownloadWatch,
  download,
} from "./pretrained-download.js";
import { SharedWork } from "./shared-work.js";

const PUBLISHERS: readonly PretrainedWeights[] = ["IMAGENET", "IMAGENET_KERAS"];
/** A log line for every tenth of a file. */
const LOGGED_PARTS = 10;

/** Published weights: files of a folder, or of the cache, into which they are downloaded once. */
export class PretrainedStore {
  readonly #cacheFolder: string;
  readonly #folder: string | null;
  readonly #log: Log;
  readonly #table: PretrainedTable;
  readonly #patience: DownloadPatience;
  readonly #downloads = new SharedWork<string, DownloadWatch["onProgress"]>();

  /**
   * @param options `folder` has the files under their published names, so that nothing is downloaded; `table` and
   *   `patience` default to the published files and waits of minutes
   */
  constructor(options: {
    cacheFolder: string;
    folder: string | null;
    log: Log;
    table?: PretrainedTable;
    patience?: DownloadPatience;
  }) {
    this.#cacheFolder = path.join(options.cacheFolder, "pretrained");
    this.#folder = options.folder;
    this.#log = options.log;
    this.#table = options.table ?? publishedFile;
    this.#patience = options.patience ?? DOWNLOAD_PATIENCE;
  }

  /** @returns null when there are none for the network */
  find(weights: PretrainedWeights, network: NetworkSpec): PretrainedFile | null {
    return this.#table(weights, network);
  }

  /** @throws AppError `PRETRAINED_UNAVAILABLE` for a file that this version does not know */
  named(name: string, network: NetworkSpec): PretrainedFile {
    const file = PUBLISHERS.map((weights) => this.#table(weights, network)).find(
      (each) => each?.name === name,
    );
    if (file != null) return file;
    throw new AppError(
      "PRETRAINED_UNAVAILABLE",
      `This version of Espalier does not know the published weights ${name}.`,
    );
  }

  /**
   * Returns the path of the file, whose digest is right. Downloads it if necessary; callers at the same time share one
   * download, which ends when all of them have given up.
   *
   * @throws AppError `PRETRAINED_UNAVAILABLE`, `PRETRAINED_DAMAGED`; the reason of the signal when it aborts
   */
  async locate(file: PretrainedFile, { onProgress, signal }: DownloadWatch): Promise<string> {
    if (this.#folder !== null) return locateIn(this.#folder, file);
    const target = path.join(this.#cacheFolder, file.name);
    return this.#downloads.join(file.name, { listener: onProgress, signal }, async (listeners, shared) => {
      if (await this.#isCached(target, file)) return target;
      await this.#download(file, target, {
        onProgress: (bytes, totalBytes) => {
          for (const listener of listeners) listener(bytes, totalBytes);
        },
        signal: shared,
      });
      return target;
    });
  }

  async #isCached(target: string, file: PretrainedFile): Promise<boolean> {
    const found = await digestOf(target, file);
    if (found === null) return false;
    if (found.startsWith(file.digest.begins)) return true;
    this.#log.warn("cached weights are damaged and are downloaded again", { file: target, digest: found });
    return false;
  }

  async #download(file: PretrainedFile, target: string, watch: DownloadWatch): Promise<void> {
    const { name, url, digest } = file;
    await removeAbandoned(this.#cacheFolder);
    this.#log.info("downloading pretrained weights", { file: name, from: url });
    await using partial = await DurableFile.create(this.#cacheFolder);
    let logged = 0;
    const onProgress = (bytes: number, totalBytes: number): void => {
      watch.onProgress(bytes, totalBytes);
      const part = Math.floor((bytes * LOGGED_PARTS) / totalBytes);
      if (part <= logged) return;
      logged = part;
      this.#log.info("downloading pretrained weights", { file: name, bytes, totalBytes });
    };
    await download(file, partial.handle, { ...watch, onProgress }, this.#patience);
    const found = (await digestOf(partial.partialPath, file)) ?? "";
    if (!found.startsWith(digest.begins)) throw damaged(file, `What ${url} sent`, found);
    await partial.finish(target);
    await syncFolder(this.#cacheFolder);
  }
}

async function locateIn(folder: string, file: PretrainedFile): Promise<string> {
  const target = path.join(folder, file.name);
  const found = await digestOf(target, file);
  if (found === null) {
    throw new AppError(
      "PRETRAINED_UNAVAILABLE",
      `ESPALIER_PRETRAINED_DIR must hold ${file.name}. There is no ${target}. Download it from ${file.url}, or unset ` +
        "ESPALIER_PRETRAINED_DIR.",
    );
  }
  if (!found.startsWith(file.digest.begins)) throw damaged(file, target, found);
  return target;
}

function damaged({ digest: { algorithm, begins } }: PretrainedFile, what: string, found: string): AppError {
  return new AppError(
    "PRETRAINED_DAMAGED",
    `${what} must have the ${algorithm} ${begins}. Received ${found}. Download the file again.`,
  );
}

/** @returns null when there is no such file */
async function digestOf(file: string, { digest }: PretrainedFile): Promise<string | null> {
  const hash = createHash(digest.algorithm);
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 }))
      hash.update(chunk as Buffer);
  } catch (error) {
    if (hasSystemCode(error, "ENOENT")) return null;
    throw error;
  }
  return hash.digest("hex");
}
