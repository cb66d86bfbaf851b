import { createHash } from "node:crypto";
import type { TensorBoardRecord } from "./run-evidence.js";

/** Around the data of a record: its length and that one's checksum before it, its checksum behind it. */
const HEAD_BYTES = 12;
const CHECKSUM_BYTES = 4;
/** The wall time with its field's number, which a `tensorflow.Event` begins with. */
const WALL_TIME_BYTES = 9;
/** Fields of an Event; the way to the name of a value is Event.summary, Summary.value, Value.tag. */
const STEP = 2;
const WAY_TO_TAG = [5, 1, 1] as const;
const LENGTH_DELIMITED = 2;

/** The records of a whole file of TensorBoard's events, in their order. */
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

/** Of an event with one value, or none: then the tag is empty. */
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
    } else if (field !== WAY_TO_TAG[depth]) {
      offset += value;
    } else if (++depth === WAY_TO_TAG.length) {
      return { step, tag: event.toString("utf8", offset, offset + value) };
    }
  }
  return { step, tag: "" };
}
