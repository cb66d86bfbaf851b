import { FieldReader } from "../field-reader.js";
import { invalidWeights } from "../invalid-weights.js";
import { elementsOf } from "../stored-tensor.js";
import { parseDatatype } from "./datatype.js";
import type { GlobalHeap } from "./global-heap.js";
import { ATTRIBUTE, type Message, parseDataspace } from "./object-header.js";

export interface TextAttribute {
  readonly name: string;
  readonly texts: readonly string[];
}

/**
 * Reads a list of texts, as Keras stores names; null for a message of another kind, and for attributes of another type. Section IV.A.2.m of the specification.
 *
 * @throws AppError `WEIGHTS_INVALID`
 */
export async function readTextAttribute(message: Message, heap: GlobalHeap): Promise<TextAttribute | null> {
  if (message.type !== ATTRIBUTE || message.shared) return null;
  const fields = new FieldReader(message.bytes, "an attribute");
  const version = fields.uint8();
  if (version < 1 || version > 3) throw invalidWeights("attributes of version 1 to 3", `${version}`);
  const sharedParts = fields.uint8() !== 0 && version > 1;
  const [nameBytes, typeBytes, spaceBytes] = [fields.uint16(), fields.uint16(), fields.uint16()];
  if (version === 3) fields.skip(1); // The name's encoding: ASCII is UTF-8 too.
  const part = (length: number): Buffer => {
    const taken = fields.take(length);
    // Only the first version pads its fields.
    if (version === 1) fields.skip(-length & 7);
    return taken;
  };
  const name = textOf(part(nameBytes));
  const [type, space] = [part(typeBytes), part(spaceBytes)];
  if (sharedParts) return null;
  const { dtype, size } = parseDatatype(type, name);
  const count = elementsOf(parseDataspace(new FieldReader(space, name)), name);
  if (count === 0) return { name, texts: [] };
  if ((dtype !== "text" && dtype !== "text of any length") || size === 0) return null;
  const values = new FieldReader(fields.take(count * size), name);
  const texts: string[] = [];
  for (let index = 0; index < count; index++) {
    const value = values.take(size);
    texts.push(dtype === "text" ? textOf(value) : await textElsewhere(value, heap));
  }
  return { name, texts };
}

/** The length, collection and index of a value in the heap. */
async function textElsewhere(reference: Buffer, heap: GlobalHeap): Promise<string> {
  const fields = new FieldReader(reference, "a text");
  const length = fields.uint32();
  if (length === 0) return "";
  const [collection, index] = [fields.uint64(), fields.uint32()];
  const value = await heap.read(collection, index);
  return textOf(value.subarray(0, length));
}

/** The text up to the first zero byte. */
function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end < 0 ? bytes.length : end);
}
