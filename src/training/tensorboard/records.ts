import type { FileHandle } from "node:fs/promises";
import { maskedCrc32c } from "./crc32c.js";

/**
 * The frame of a record in a TFRecord file (https://www.tensorflow.org/tutorials/load_data/tfrecord), little-endian:
 * length, checksum of the length, data, checksum of the data.
 */
const LENGTH_BYTES = 8;
const CHECKSUM_BYTES = 4;
const HEAD_BYTES = LENGTH_BYTES + CHECKSUM_BYTES;
/** Espalier writes far shorter records, so a longer one is damaged. */
const MAX_RECORD_BYTES = 64 * 1024 ** 2;

export function frameRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(HEAD_BYTES + data.length + CHECKSUM_BYTES);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(LENGTH_BYTES, maskedCrc32c(record.subarray(0, LENGTH_BYTES)), true);
  record.set(data, HEAD_BYTES);
  view.setUint32(HEAD_BYTES + data.length, maskedCrc32c(data), true);
  return record;
}

/** Reads the records of a file with their frames, up to its end or to the first damaged record. */
export async function* readRecords(
  file: FileHandle,
): AsyncGenerator<{ record: Uint8Array; data: Uint8Array }> {
  for (let offset = 0; ; ) {
    const head = await readExactly(file, HEAD_BYTES, offset);
    if (head === null || checksumAt(head, LENGTH_BYTES) !== maskedCrc32c(head.subarray(0, LENGTH_BYTES)))
      return;
    const length = Number(new DataView(head.buffer).getBigUint64(0, true));
    if (length > MAX_RECORD_BYTES) return;
    const record = await readExactly(file, HEAD_BYTES + length + CHECKSUM_BYTES, offset);
    if (record === null) return;
    const data = record.subarray(HEAD_BYTES, HEAD_BYTES + length);
    if (checksumAt(record, HEAD_BYTES + length) !== maskedCrc32c(data)) return;
    yield { record, data };
    offset += record.length;
  }
}

function checksumAt(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer).getUint32(offset, true);
}

/** Null when the file ends before the last byte. */
async function readExactly(file: FileHandle, length: number, position: number): Promise<Uint8Array | null> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) return null;
    done += bytesRead;
  }
  return bytes;
}
