import { stat } from "node:fs/promises";
import path from "node:path";
import pLimit from "p-limit";
import { AppError } from "../../core/app-error.js";
import { hasFile } from "../../core/exports/state.js";
import { kindOfId } from "../../core/ids.js";
import { digestFile } from "../../engine/folder-digest.js";
import { systemCodeOf } from "../../lang/system-errors.js";
import type { ExportFiles } from "./export-files.js";
import { exportNotFound } from "./export-not-found.js";
import type { ExportStore } from "./export-store.js";

/** A file whose digest was checked. */
export interface ExportDownload {
  readonly folder: string;
  readonly fileName: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** Offers the files of exports. */
export class ExportDownloads {
  readonly #exports: ExportStore;
  readonly #files: ExportFiles;
  /** Digests by the identity of a file, so that a client that asks for parts does not cause a check of each. */
  readonly #digests = new Map<string, string>();
  readonly #reading = pLimit(1);

  constructor(exports: ExportStore, files: ExportFiles) {
    this.#exports = exports;
    this.#files = files;
  }

  /** @throws AppError `EXPORT_NOT_FOUND`, `EXPORT_DAMAGED` */
  async open(exportId: string, fileName: string): Promise<ExportDownload> {
    const possible = kindOfId(exportId) === "modelExport";
    const [found] = possible ? await this.#exports.find([exportId]) : [];
    if (found === undefined || found.fileName !== fileName) throw exportNotFound(exportId);
    const { state, sizeBytes, sha256 } = found;
    if (!hasFile(state) || sizeBytes === null || sha256 === null) {
      throw new AppError(
        "EXPORT_NOT_FOUND",
        `The export ${exportId} has no file: its state is ${state}. Wait until it is READY.`,
      );
    }
    const folder = this.#files.folderOf(exportId);
    const received = await this.#reading(() => this.#digestOf(path.join(folder, fileName)));
    if (received === sha256) return { folder, fileName, sizeBytes, sha256 };
    throw new AppError(
      "EXPORT_DAMAGED",
      `The file ${fileName} of the export ${exportId} must have the SHA-256 ${sha256}. Received ${received}. Restore it ` +
        "from a backup, or export the model version again.",
    );
  }

  /** The digest, or the reason why the file cannot be read. */
  async #digestOf(file: string): Promise<string> {
    try {
      const { ino, size, mtimeMs, ctimeMs } = await stat(file);
      const identity = `${file} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
      const known = this.#digests.get(identity);
      if (known !== undefined) return known;
      const { sha256 } = await digestFile(file);
      this.#digests.set(identity, sha256);
      return sha256;
    } catch (error) {
      return systemCodeOf(error) ?? String(error);
    }
  }
}
