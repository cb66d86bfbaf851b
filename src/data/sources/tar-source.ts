import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { type Extract, extract } from "tar-stream";
import { AppError } from "../../core/app-error.js";
import type { Limits } from "../../core/config.js";
import { messageOf } from "../../lang/text/message-of.js";
import { ImageRejected, tooManyBytes } from "../images/decoder.js";
import { ArchiveLimits } from "./archive-limits.js";
import {
  damagedArchive,
  entryName,
  type ImportSource,
  isJunk,
  type SourceFile,
  unsafeArchive,
} from "./import-source.js";

type TarEntry = Extract extends AsyncIterable<infer Entry> ? Entry : never;

const READ_BYTES = 256 * 1024;

/**
 * Opens a tar, or with `gzip` a tar.gz. Its files are returned in their order. Reading them throws AppError
 * `ARCHIVE_UNSAFE`, `ARCHIVE_DAMAGED`.
 */
export async function openTar(file: string, limits: Limits, gzip: boolean): Promise<ImportSource> {
  const counter = new ArchiveLimits(limits, (await stat(file)).size);
  const input = createReadStream(file, { highWaterMark: READ_BYTES });
  const tar = extract();
  const count = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
    for await (const chunk of chunks) {
      counter.addBytes(chunk.length);
      yield chunk;
    }
  };
  // Its stream library follows Node's protocol, but not its types.
  const sink = tar as unknown as NodeJS.WritableStream;
  const unpacking = gzip
    ? pipeline(input, createGunzip({ chunkSize: READ_BYTES }), count, sink)
    : pipeline(input, count, sink);
  // The reader of `tar` gets the same error. Here it would only be unhandled.
  unpacking.catch(() => {});
  return {
    filesTotal: null,
    files: () => readFiles(tar, counter, limits.imageBytes),
    async [Symbol.asyncDispose]() {
      tar.destroy();
      input.destroy();
      await unpacking.catch(() => {});
    },
  };
}

async function* readFiles(
  tar: Extract,
  counter: ArchiveLimits,
  limitBytes: number,
): AsyncGenerator<SourceFile, void> {
  try {
    for await (const entry of tar) {
      counter.addEntry();
      const { type } = entry.header;
      const name = entryName(entry.header.name);
      if (type !== "file" && type !== "contiguous-file" && type !== "directory") {
        throw unsafeArchive(`entry ${JSON.stringify(name)} is a link or a device`);
      }
      // Read at once, since the bytes are gone when the next entry is requested.
      if (type !== "directory" && !isJunk(name)) yield await readNow(entry, name, limitBytes);
      entry.resume(); // skips the unread rest
    }
  } catch (cause) {
    throw cause instanceof AppError ? cause : damagedArchive(messageOf(cause), cause);
  }
}

async function readNow(entry: TarEntry, name: string, limitBytes: number): Promise<SourceFile> {
  let rejection: ImageRejected | null = null;
  let bytes: Uint8Array = new Uint8Array();
  try {
    bytes = await readEntry(entry, limitBytes);
  } catch (error) {
    if (!(error instanceof ImageRejected)) throw error;
    rejection = error;
  }
  return {
    name,
    sizeBytes: entry.header.size,
    async read() {
      if (rejection !== null) throw rejection;
      return bytes;
    },
  };
}

async function readEntry(entry: TarEntry, limitBytes: number): Promise<Uint8Array> {
  const { size } = entry.header;
  if (size > limitBytes) throw tooManyBytes(size, limitBytes);
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw damagedArchive(messageOf(cause), cause);
  }
  return Buffer.concat(chunks);
}
