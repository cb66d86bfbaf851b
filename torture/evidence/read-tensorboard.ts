import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { stepOf } from "../../src/training/tensorboard/event.js";
import { readRecords } from "../../src/training/tensorboard/records.js";
import type { TensorBoardRecord } from "./run-evidence.js";

/** The wall time with its field's number, which a `tensorflow.Event` begins with. */
const WALL_TIME_BYTES = 9;
/** The way to the name of a value: Event.summary, Summary.value, Value.tag. */
const FIELDS_TO_TAG = [5, 1, 1] as const;
const WIRE_TYPE_BITS = 3;
const LENGTH_DELIMITED = 2;

/** The records of a file of TensorBoard's events that are whole, in their order. */
export async function readTensorBoard(file: string): Promise<readonly TensorBoardRecord[]> {
  await using handle = await open(file, "r");
  const records: TensorBoardRecord[] = [];
  for await (const { data } of readRecords(handle)) {
    const content = Buffer.from(data.subarray(WALL_TIME_BYTES));
    records.push({
      step: stepOf(data),
      tag: tagOf(content),
      sha256: createHash("sha256").update(content).digest("hex"),
    });
  }
  return records;
}

/** The name of an event's only value; empty when it has none. */
function tagOf(event: Buffer): string {
  let offset = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = event.readUInt8(offset++);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  for (let depth = 0; offset < event.length; ) {
    const field = varint();
    const value = varint();
    if ((field & 7) !== LENGTH_DELIMITED) continue;
    if (field >>> WIRE_TYPE_BITS !== FIELDS_TO_TAG[depth]) offset += value;
    else if (++depth === FIELDS_TO_TAG.length) return event.toString("utf8", offset, offset + value);
  }
  return "";
}
