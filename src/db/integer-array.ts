import { type Expression, type RawBuilder, sql } from "kysely";

/** A value for a column of integers. */
export function integerArray(values: Int32Array): RawBuilder<number[]> {
  return sql<number[]>`${`{${values.join(",")}}`}::int[]`;
}

/** A column of integers as bytes, which `readSentIntegers` reads many times faster than their text. */
export function sentIntegers(column: Expression<number[]>): RawBuilder<Buffer> {
  return sql<Buffer>`array_send(${column})`;
}

/** Dimensions, then a length before each number, all of four bytes and in network order. */
const ARRAY_HEADER_BYTES = 20;
const ITEM_BYTES = 8;

/** Reads the result of PostgreSQL's `array_send` for integers without nulls. */
export function readSentIntegers(sent: Buffer): Int32Array {
  const count = Math.max(0, (sent.length - ARRAY_HEADER_BYTES) / ITEM_BYTES);
  return Int32Array.from({ length: count }, (_value, index) =>
    sent.readInt32BE(ARRAY_HEADER_BYTES + index * ITEM_BYTES + ITEM_BYTES / 2),
  );
}
