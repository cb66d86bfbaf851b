import { FieldReader } from "../field-reader.js";

export interface Datatype {
  /** One of `StoredType`, "text" for texts of one length, "text of any length", or words for a person. */
  readonly dtype: string;
  /** The size of one element, in bytes. */
  readonly size: number;
}

const FLOAT_CLASS = 1;
const TEXT_CLASS = 3;
const SEQUENCE_CLASS = 9;
/** The bits of a sequence beside its kind. */
const TEXT_FLAG = 0x01;
/** Byte order, padding and the place of the sign; little-endian numbers have only the last. */
const BIG_ENDIAN_FLAG = 0x01;
const CLASS_NAMES: Readonly<Record<number, string>> = {
  0: "integer",
  2: "time",
  4: "bit field",
  5: "opaque",
  6: "compound",
  7: "reference",
  8: "enumeration",
  9: "sequence",
  10: "array",
};

/** Bit offset, precision; place and size of the exponent, then of the mantissa; bias. */
const FLOATS: readonly {
  readonly dtype: string;
  readonly size: number;
  readonly layout: readonly number[];
}[] = [
  { dtype: "float16", size: 2, layout: [0, 16, 10, 5, 0, 10, 15] },
  { dtype: "bfloat16", size: 2, layout: [0, 16, 7, 8, 0, 7, 127] },
  { dtype: "float32", size: 4, layout: [0, 32, 23, 8, 0, 23, 127] },
  { dtype: "float64", size: 8, layout: [0, 64, 52, 11, 0, 52, 1023] },
];

/**
 * Reads a datatype: section IV.A.2.d of the specification.
 *
 * @throws AppError `WEIGHTS_INVALID` for one that is cut off
 */
export function parseDatatype(bytes: Buffer, what: string): Datatype {
  const fields = new FieldReader(bytes, `the type of ${what}`);
  const kind = fields.uint8() & 0x0f;
  const flags = fields.take(3).readUInt8();
  const size = fields.uint32();
  if (kind === TEXT_CLASS) return { dtype: "text", size };
  if (kind === SEQUENCE_CLASS && (flags & 0x0f) === TEXT_FLAG) return { dtype: "text of any length", size };
  if (kind !== FLOAT_CLASS) return { dtype: CLASS_NAMES[kind] ?? `type ${kind}`, size };
  const [offset, precision] = [fields.uint16(), fields.uint16()];
  const places = [...fields.take(4)];
  const found = [offset, precision, ...places, fields.uint32()];
  const float = FLOATS.find(
    (candidate) => candidate.size === size && candidate.layout.every((part, index) => part === found[index]),
  );
  const bigEndian = (flags & BIG_ENDIAN_FLAG) !== 0;
  return { dtype: float === undefined || bigEndian ? `another float of ${size} bytes` : float.dtype, size };
}
