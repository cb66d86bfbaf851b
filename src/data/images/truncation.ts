import type { ImageFormat } from "./format.js";

/**
 * Whether an image that could not be decoded ends before the end that its structure announces. Then the file was
 * truncated rather than damaged. The result has no meaning for files that can be decoded.
 */
export function endsTooEarly(bytes: Uint8Array, format: ImageFormat): boolean {
  return END_CHECKS[format](Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
}

const START_OF_SCAN = Buffer.of(0xff, 0xda);
const END_OF_IMAGE = Buffer.of(0xff, 0xd9);

const END_CHECKS: Record<ImageFormat, (file: Buffer) => boolean> = {
  // No end-of-image marker follows the last start of a scan. Those of an embedded thumbnail come before it.
  // ITU-T T.81, B.1.1.3.
  jpeg: (file) => file.lastIndexOf(END_OF_IMAGE) <= file.lastIndexOf(START_OF_SCAN),
  png: pngEndsTooEarly,
  // The length in the RIFF header counts the bytes after the first 8.
  webp: (file) => file.length < 12 || file.readUInt32LE(4) + 8 > file.length,
  // The trailer byte is missing; some writers pad after it. GIF89a, section 27.
  gif: (file) => file.lastIndexOf(0x3b) < file.length - 1 - trailingZeros(file),
  avif: boxesEndTooEarly,
  tiff: tiffEndsTooEarly,
};

/** Walks the chunks to IEND. PNG specification, section 5.3: length, type, data, checksum. */
function pngEndsTooEarly(file: Buffer): boolean {
  for (let at = 8; ; ) {
    if (at + 12 > file.length) return true;
    const type = file.toString("latin1", at + 4, at + 8);
    // Without a valid type the lengths have no meaning: the file is damaged, not truncated.
    if (!/^[A-Za-z]{4}$/.test(type)) return false;
    if (type === "IEND") return false;
    at += 12 + file.readUInt32BE(at);
  }
}

function trailingZeros(file: Buffer): number {
  let count = 0;
  while (count < file.length && file[file.length - 1 - count] === 0) count++;
  return count;
}

/** Walks the top-level boxes. ISO/IEC 14496-12, section 4.2: size (0: to the end), type, body. */
function boxesEndTooEarly(file: Buffer): boolean {
  for (let at = 0; at < file.length; ) {
    if (at + 8 > file.length) return true;
    const size = file.readUInt32BE(at);
    const isLong = size === 1;
    if (isLong && at + 16 > file.length) return true;
    if (size === 0) return false;
    const length = isLong ? Number(file.readBigUInt64BE(at + 8)) : size;
    if (length < 8) return false;
    at += length;
    if (at > file.length) return true;
  }
  return false;
}

const STRIP_OR_TILE_OFFSETS: ReadonlySet<number> = new Set([273, 324]);
const STRIP_OR_TILE_BYTE_COUNTS: ReadonlySet<number> = new Set([279, 325]);
const SHORT = 3;
/** Bytes of one value by type, from 1 (BYTE) to 12 (DOUBLE). TIFF 6.0, section 2. */
const TYPE_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8];

/** Whether the first directory, one of its values or the pixels that it points to lie beyond the end. */
function tiffEndsTooEarly(file: Buffer): boolean {
  const isLittle = file[0] === 0x49;
  const short = (at: number): number => (isLittle ? file.readUInt16LE(at) : file.readUInt16BE(at));
  const long = (at: number): number => (isLittle ? file.readUInt32LE(at) : file.readUInt32BE(at));
  if (file.length < 8) return true;
  if (short(2) !== 42) return false; // BigTIFF has other field sizes
  const directory = long(4);
  if (directory + 2 > file.length) return true;
  const entries = short(directory);
  if (directory + 2 + entries * 12 > file.length) return true;

  let offsets: readonly number[] = [];
  let byteCounts: readonly number[] = [];
  for (let index = 0; index < entries; index++) {
    const entry = directory + 2 + index * 12;
    const [tag, type, count] = [short(entry), short(entry + 2), long(entry + 4)];
    const valueBytes = count * (TYPE_BYTES[type] ?? 0);
    // The entry itself holds values of up to four bytes.
    const from = valueBytes <= 4 ? entry + 8 : long(entry + 8);
    if (from + valueBytes > file.length) return true;
    const values = (): number[] =>
      Array.from({ length: count }, (_, value) =>
        type === SHORT ? short(from + value * 2) : long(from + value * 4),
      );
    if (STRIP_OR_TILE_OFFSETS.has(tag) && isShortOrLong(type)) offsets = values();
    if (STRIP_OR_TILE_BYTE_COUNTS.has(tag) && isShortOrLong(type)) byteCounts = values();
  }
  return offsets.some((offset, index) => offset + (byteCounts[index] ?? 0) > file.length);
}

function isShortOrLong(type: number): boolean {
  return type === SHORT || type === SHORT + 1;
}
