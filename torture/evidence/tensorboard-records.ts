import { createHash } from "node:crypto";
import type { TensorBoardRecord } from "./run-evidence.js";

/** A record begins with its length and the checksum of the length, and ends with the checksum of the data. */
const HEAD_BYTES = 12;
const CHECKSUM_BYTES = 4;
/** A `tensorflow.Event` begins with its wall time, including the number of that field. */
const WALL_TIME_BYTES = 9;
/** Field numbers of an Event. The path to the tag of a value is Event.summary, Summary.value, Value.tag. */
const STEP = 2;
const PATH_TO_TAG = [5, 1, 1] as const;
const LENGTH_DELIMITED = 2;

/** Reads the records of a TensorBoard event file, in their order. */
export function tensorBoardRecords(file: Uint8Array): readonly TensorBoardRecord[] {
  const bytes = Buffer.from(file);
  const records: TensorBoardRecord[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(offset));
    const data = bytes.subarray(offset + HEAD_BYTES, offset + HEAD_BYTES + length);
    const content = data.subarray(WALL_TIME_BYTES);
    records.push({ ...stepAndTag(content), sha256: createHash("sha256").update(content).digest("hex") });
    offset += HEAD_BYTES + length + CHECKSUM_BYTES;
  }
  return records;
}

/** Reads the step and the tag of an event with at most one value; without a value the tag is empty. */
function stepAndTag(event: Buffer): { step: number; tag: string } {
  let offset = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = event.readUInt8(offset++);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  let step = 0;
  for (let depth = 0; offset < event.length; ) {
    const key = varint();
    const value = varint();
    const field = key >>> 3;
    if ((key & 7) !== LENGTH_DELIMITED) {
      if (depth === 0 && field === STEP) step = value;
    } else if (field !== PATH_TO_TAG[depth]) {
      offset += value;
    } else if (++depth === PATH_TO_TAG.length) {
      return { step, tag: event.toString("utf8", offset, offset + value) };
    }
  }
  return { step, tag: "" };
}
