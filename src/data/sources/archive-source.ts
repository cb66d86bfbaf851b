import { open } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { AppError } from "../../core/app-error.js";
import type { Limits } from "../../core/config.js";
import type { ImportSource } from "./import-source.js";
import { openTar } from "./tar-source.js";
import { openZip } from "./zip-source.js";

/** The size of the first header of a tar, the longest signature. */
const HEAD_BYTES = 512;

const ZIP_SIGNATURES = ["PK\x03\x04", "PK\x05\x06", "PK\x07\x08"];
const GZIP_SIGNATURE = "\x1f\x8b";

/**
 * Opens a zip, tar or tar.gz. Its first bytes alone decide which of them it is.
 *
 * @throws AppError `ARCHIVE_UNSUPPORTED`, `ARCHIVE_UNSAFE`, `ARCHIVE_DAMAGED`
 */
export async function openArchive(file: string, limits: Limits): Promise<ImportSource> {
  const head = await readHead(file);
  const text = head.toString("latin1");
  if (ZIP_SIGNATURES.some((signature) => text.startsWith(signature))) return openZip(file, limits);
  if (isTarHeader(head)) return openTar(file, limits, false);
  if (text.startsWith(GZIP_SIGNATURE) && isTarHeader(await readUnzippedHead(file)))
    return openTar(file, limits, true);
  throw new AppError(
    "ARCHIVE_UNSUPPORTED",
    "The images must be in a zip, tar or tar.gz. The upload does not begin like any of them.",
  );
}

async function readHead(file: string): Promise<Buffer> {
  await using handle = await open(file, "r");
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
  return buffer.subarray(0, bytesRead);
}

/** Empty when the file cannot be decompressed that far. */
async function readUnzippedHead(file: string): Promise<Buffer> {
  await using handle = await open(file, "r");
  const gunzip = createGunzip();
  const stream = handle.createReadStream({ autoClose: false }).on("error", (error) => gunzip.destroy(error));
  let head = Buffer.alloc(0);
  try {
    for await (const chunk of stream.pipe(gunzip) as AsyncIterable<Buffer>) {
      head = Buffer.concat([head, chunk]);
      if (head.length >= HEAD_BYTES) break;
    }
  } catch {
    return Buffer.alloc(0);
  } finally {
    stream.destroy();
  }
  return head.subarray(0, HEAD_BYTES);
}

/** Compares the checksum of the header, which old tars without a signature have too. POSIX.1, pax, ustar. */
function isTarHeader(head: Buffer): boolean {
  if (head.length < HEAD_BYTES) return false;
  const [from, to] = [148, 156]; // the checksum field counts as spaces
  const stated = Number.parseInt(
    head
      .toString("latin1", from, to)
      .replace(/[\0 ]+$/, "")
      .trim(),
    8,
  );
  let sum = 0;
  for (const [index, byte] of head.entries()) sum += index >= from && index < to ? 0x20 : byte;
  return stated === sum && sum > 8 * 0x20; // a block of zeros is the end of an empty tar
}
