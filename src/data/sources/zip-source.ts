import { type FileHandle, open } from "node:fs/promises";
import { promisify } from "node:util";
import { crc32, inflateRaw, inflateRawSync } from "node:zlib";
import yauzl from "yauzl";
import type { Limits } from "../../core/config.js";
import { OwnedResources } from "../../lang/owned-resources.js";
import { messageOf } from "../../lang/text/message-of.js";
import { ImageRejected, tooManyBytes } from "../images/decoder.js";
import { ArchiveLimits } from "./archive-limits.js";
import { BoundedArchive } from "./bounded-archive.js";
import {
  damagedArchive,
  entryName,
  type ImportSource,
  isJunk,
  type SourceFile,
  unsafeArchive,
} from "./import-source.js";

const inflate = promisify(inflateRaw);

const STORED = 0;
const DEFLATED = 8;
/** High byte of `versionMadeBy` when the external attributes contain Unix modes. APPNOTE 4.4.2. */
const MADE_BY_UNIX = 3;
const FILE_TYPE_MASK = 0o170000;
const REGULAR_FILE = 0o100000;
const FOLDER = 0o040000;
/** Incompressible data grows by at most 5 bytes per block of 64 KiB when deflated. RFC 1951, 3.2.4. */
const MAX_GROWTH = 1.001;
const GROWTH_FREE_BYTES = 1024;
const SMALL_BYTES = 32 * 1024;

/**
 * Opens a zip. The whole directory is checked before any file is read. Files can be read concurrently and in any order.
 *
 * @throws AppError `ARCHIVE_UNSAFE`, `ARCHIVE_DAMAGED`
 */
export async function openZip(file: string, limits: Limits): Promise<ImportSource> {
  await using cleanup = new OwnedResources();
  const handle = cleanup.own(await open(file, "r"));
  const { size } = await handle.stat();
  const reader = new BoundedArchive(handle, size);
  const options = { autoClose: false };
  const zip = await yauzl.fromRandomAccessReaderPromise(reader, size, options).catch((cause: unknown) => {
    throw damagedArchive(messageOf(cause), cause);
  });
  cleanup.defer(() => zip.close());
  const entries = await readDirectory(zip, new ArchiveLimits(limits, size));
  const owned = cleanup.move();
  return {
    filesTotal: entries.length,
    async *files() {
      for (const { name, entry } of entries)
        yield new ZippedFile(name, entry, zip, handle, limits.imageBytes);
    },
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

interface NamedEntry {
  /** As returned by `entryName`. */
  readonly name: string;
  readonly entry: yauzl.Entry;
}

async function readDirectory(zip: yauzl.ZipFile, limits: ArchiveLimits): Promise<NamedEntry[]> {
  const files: NamedEntry[] = [];
  const entries = zip.eachEntry();
  while (true) {
    const next = await entries.next().catch((cause: unknown) => {
      // The reader refuses some names itself, before this module sees them.
      const message = messageOf(cause);
      throw /absolute path|invalid relative path|invalid characters/.test(message)
        ? unsafeArchive(message)
        : damagedArchive(message, cause);
    });
    if (next.done === true) return files;
    const entry = next.value;
    const name = entryName(entry.fileName);
    limits.addEntry();
    limits.addBytes(entry.uncompressedSize);
    if (!isFolder(entry) && !isJunk(name)) files.push({ name, entry });
  }
}

/** @throws AppError `ARCHIVE_UNSAFE` for links and devices */
function isFolder(entry: yauzl.Entry): boolean {
  if (entry.versionMadeBy >> 8 === MADE_BY_UNIX) {
    const type = (entry.externalFileAttributes >>> 16) & FILE_TYPE_MASK;
    // Some writers omit the type.
    if (type !== 0 && type !== REGULAR_FILE && type !== FOLDER) {
      throw unsafeArchive(`entry ${JSON.stringify(entry.fileName)} is a link or a device`);
    }
  }
  return entry.fileName.endsWith("/");
}

class ZippedFile implements SourceFile {
  readonly sizeBytes: number;

  constructor(
    readonly name: string,
    private readonly entry: yauzl.Entry,
    private readonly zip: yauzl.ZipFile,
    private readonly handle: FileHandle,
    private readonly limitBytes: number,
  ) {
    this.sizeBytes = entry.uncompressedSize;
  }

  async read(): Promise<Uint8Array> {
    const { entry } = this;
    if (this.sizeBytes > this.limitBytes) throw tooManyBytes(this.sizeBytes, this.limitBytes);
    if (entry.isEncrypted()) throw new ImageRejected("DAMAGED", "It is encrypted in the archive.");
    if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED) {
      throw new ImageRejected(
        "DAMAGED",
        `It is compressed with method ${entry.compressionMethod}, which is not supported.`,
      );
    }
    if (entry.compressedSize > this.sizeBytes * MAX_GROWTH + GROWTH_FREE_BYTES)
      throw wrongSize(this.sizeBytes);
    const bytes = await this.#unpack();
    if (bytes.length !== this.sizeBytes) throw wrongSize(this.sizeBytes);
    if (crc32(bytes) !== entry.crc32) {
      throw new ImageRejected("DAMAGED", "Its checksum in the archive does not match.");
    }
    return bytes;
  }

  async #unpack(): Promise<Uint8Array> {
    const { compressedSize, compressionMethod } = this.entry;
    try {
      const { fileDataStart } = await this.zip.readLocalFileHeaderPromise(this.entry, { minimal: true });
      const packed = Buffer.alloc(compressedSize);
      const { bytesRead } = await this.handle.read(packed, 0, compressedSize, fileDataStart);
      if (bytesRead < compressedSize) throw new Error("The archive ends inside it.");
      if (compressionMethod === STORED || compressedSize === 0) return packed;
      // One byte more than stated, so that longer content is detected.
      const options = { maxOutputLength: this.sizeBytes + 1 };
      // A small file is decompressed faster than another thread starts to do it.
      return this.sizeBytes <= SMALL_BYTES ? inflateRawSync(packed, options) : await inflate(packed, options);
    } catch (cause) {
      throw new ImageRejected("DAMAGED", `It cannot be unpacked: ${messageOf(cause)}.`, { cause });
    }
  }
}

function wrongSize(expectedBytes: number): ImageRejected {
  return new ImageRejected(
    "DAMAGED",
    `It does not unpack to the ${expectedBytes} bytes that the archive states.`,
  );
}
