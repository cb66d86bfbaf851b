import { readFile } from "node:fs/promises";

/** A summary in an event file of TensorBoard. */
export interface SummaryRead {
  readonly step: number;
  readonly tag: string;
  readonly scalar?: number;
  readonly histogram?: HistogramRead;
  /** The bytes of the PNG file. */
  readonly image?: Buffer;
}

export interface HistogramRead {
  readonly min: number;
  readonly max: number;
  readonly count: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  readonly counts: readonly number[];
}

/** Returns all summaries in the order of the file, without checking the checksums. */
export async function readSummaries(file: string): Promise<readonly SummaryRead[]> {
  const bytes = await readFile(file);
  const summaries: SummaryRead[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(offset));
    const event = fieldsOf(bytes.subarray(offset + 12, offset + 12 + length));
    const step = Number(event.get(2)?.[0] ?? 0);
    for (const summary of messages(event, 5)) {
      for (const value of messages(summary, 1)) summaries.push(summaryOf(value, step));
    }
    offset += 16 + length;
  }
  return summaries;
}

function summaryOf(value: Fields, step: number): SummaryRead {
  const [scalar] = value.get(2) ?? [];
  const [image] = messages(value, 4);
  const [histogram] = messages(value, 5);
  return {
    step,
    tag: bytesOf(value, 1).toString(),
    ...(scalar === undefined ? {} : { scalar: (scalar as Buffer).readFloatLE() }),
    ...(histogram === undefined ? {} : { histogram: histogramOf(histogram) }),
    ...(image === undefined ? {} : { image: bytesOf(image, 4) }),
  };
}

function histogramOf(histogram: Fields): HistogramRead {
  const double = (field: number): number => bytesOf(histogram, field).readDoubleLE();
  const counts = bytesOf(histogram, 7);
  return {
    min: double(1),
    max: double(2),
    count: double(3),
    sum: double(4),
    sumOfSquares: double(5),
    counts: Array.from({ length: counts.length / 8 }, (_count, index) => counts.readDoubleLE(index * 8)),
  };
}

/** Returns the values of each field of a protobuf message: varints as numbers, other types as bytes. */
type Fields = ReadonlyMap<number, readonly (number | Buffer)[]>;

function fieldsOf(message: Buffer): Fields {
  const fields = new Map<number, (number | Buffer)[]>();
  let offset = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message.readUInt8(offset++);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (offset < message.length) {
    const tag = varint();
    const wireType = tag & 7;
    const fixedBytes = wireType === 1 ? 8 : 4;
    const length = wireType === 2 ? varint() : fixedBytes;
    const value = wireType === 0 ? varint() : message.subarray(offset, offset + length);
    if (wireType !== 0) offset += length;
    fields.set(tag >>> 3, [...(fields.get(tag >>> 3) ?? []), value]);
  }
  return fields;
}

function messages(fields: Fields, field: number): readonly Fields[] {
  return (fields.get(field) ?? []).map((bytes) => fieldsOf(bytes as Buffer));
}

function bytesOf(fields: Fields, field: number): Buffer {
  return (fields.get(field)?.[0] as Buffer | undefined) ?? Buffer.alloc(0);
}
