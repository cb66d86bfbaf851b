import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import pLimit from "p-limit";
import { pack } from "tar-stream";
import { AppError } from "../core/app-error.js";
import { kindOfId } from "../core/ids.js";
import { filesBelow } from "../engine/folder-digest.js";
import type { ModelVersionRecord } from "./model-records.js";
import type { ModelRegistry } from "./model-registry.js";
import type { ModelStore } from "./model-store.js";

/** The files of a model version as one tar, in a folder "flowers-3". Its bytes depend on the version alone. */
export interface ModelArchive {
  readonly fileName: string;
  readonly sizeBytes: number;
  /** SHA-256 of the tar. */
  readonly sha256: string;
}

export interface OpenArchive extends ModelArchive {
  /** Reads the files when it is read. */
  readonly content: () => Readable;
}

interface ArchivedFile {
  readonly path: string;
  readonly name: string;
  readonly size: number;
}

/** A header, and the file filled up to whole blocks. */
const BLOCK_BYTES = 512;
const END_BYTES = 2 * BLOCK_BYTES;
const FILE_MODE = 0o644;
/** Large enough that a network with hundreds of megabytes takes few turns of the event loop. */
const CHUNK_BYTES = 1024 * 1024;

/** Offers model versions as archives. */
export class ModelArchives {
  readonly #models: ModelStore;
  readonly #registry: ModelRegistry;
  /** By version. A version is immutable, and so is its archive. */
  readonly #digests = new Map<string, string>();
  /** Reading one version at a time is as fast as the disk, and leaves processor time to others. */
  readonly #reading = pLimit(1);

  constructor(models: ModelStore, registry: ModelRegistry) {
    this.#models = models;
    this.#registry = registry;
  }

  /**
   * Checks that the files of a version are those that were registered, which reads all of them.
   *
   * @throws AppError `MODEL_VERSION_NOT_FOUND`, `MODEL_DAMAGED`
   */
  async open(versionId: string): Promise<OpenArchive> {
    const possible = kindOfId(versionId) === "modelVersion";
    const [version] = possible ? await this.#models.findVersions([versionId]) : [];
    if (version === undefined) {
      throw new AppError(
        "MODEL_VERSION_NOT_FOUND",
        `There is no model version with the id ${JSON.stringify(versionId)}.`,
      );
    }
    return this.#reading(async () => {
      const { folder } = await this.#registry.read(version);
      const files = await filesOf(version, folder);
      const content = (): Readable => archive(files, version.createdAt);
      return {
        fileName: archiveName(version),
        sizeBytes: sizeOf(files),
        sha256: await this.#digestOf(version, content),
        content,
      };
    });
  }

  /** @throws AppError `MODEL_DAMAGED` when files are missing; changed files are found by `sha256` and `open` */
  async sizeBytes(version: ModelVersionRecord): Promise<number> {
    try {
      return sizeOf(await filesOf(version, this.#registry.folderOf(version.id)));
    } catch (cause) {
      throw new AppError(
        "MODEL_DAMAGED",
        `The files of ${version.modelName}:${version.number} cannot be read. Restore them from a backup, or register ` +
          "the run again.",
        { cause },
      );
    }
  }

  /**
   * SHA-256 of a version's tar. Reads all files of the version when it is first asked for.
   *
   * @throws AppError `MODEL_DAMAGED`
   */
  async sha256(version: ModelVersionRecord): Promise<string> {
    return this.#digests.get(version.id) ?? (await this.open(version.id)).sha256;
  }

  async #digestOf({ id }: ModelVersionRecord, content: () => Readable): Promise<string> {
    const known = this.#digests.get(id);
    if (known !== undefined) return known;
    const hash = createHash("sha256");
    for await (const chunk of content()) hash.update(chunk);
    const sha256 = hash.digest("hex");
    this.#digests.set(id, sha256);
    return sha256;
  }
}

/** The name of a model consists of letters, digits, ".", "_" and "-". */
export function archiveName(version: ModelVersionRecord): string {
  return `${rootOf(version)}.tar`;
}

function rootOf({ modelName, number }: ModelVersionRecord): string {
  return `${modelName}-${number}`;
}

async function filesOf(version: ModelVersionRecord, folder: string): Promise<readonly ArchivedFile[]> {
  const names = await filesBelow(folder);
  return Promise.all(
    names.map(async (name) => {
      const file = path.join(folder, name);
      return { path: file, name: `${rootOf(version)}/${name}`, size: (await stat(file)).size };
    }),
  );
}

function sizeOf(files: readonly ArchivedFile[]): number {
  const blocks = files.reduce((sum, { size }) => sum + 1 + Math.ceil(size / BLOCK_BYTES), 0);
  return blocks * BLOCK_BYTES + END_BYTES;
}

function archive(files: readonly ArchivedFile[], mtime: Date): Readable {
  const packed = pack();
  const write = async (): Promise<void> => {
    for (const { path: file, name, size } of files) {
      const entry = packed.entry({ name, size, mtime, mode: FILE_MODE, uid: 0, gid: 0 });
      await pipeline(createReadStream(file, { highWaterMark: CHUNK_BYTES }), entry);
    }
    packed.finalize();
  };
  // The reader of the archive receives the error, also when it has stopped reading.
  write().catch((error: Error) => packed.destroy(error));
  return Readable.from(packed, { objectMode: false });
}
