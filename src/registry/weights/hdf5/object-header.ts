import type { ByteRange } from "../byte-range.js";
import { FieldReader } from "../field-reader.js";
import { invalidWeights } from "../invalid-weights.js";
import { elementsOf, isStoredType, sizeOf } from "../stored-tensor.js";
import { parseDatatype } from "./datatype.js";

/** One fact about a group or an HDF5 dataset; section IV.A.2 of the specification. */
export interface Message {
  readonly type: number;
  readonly bytes: Buffer;
  /** Whether the fact is stored elsewhere. */
  readonly shared: boolean;
}

const DATASPACE = 0x01;
const DATATYPE = 0x03;
const EXTERNAL_FILES = 0x07;
const LAYOUT = 0x08;
const FILTERS = 0x0b;
export const ATTRIBUTE = 0x0c;
const CONTINUATION = 0x10;
export const SYMBOL_TABLE = 0x11;

const PREFIX_BYTES = 16;
const MESSAGE_PREFIX_BYTES = 8;
const SHARED_FLAG = 0x02;
const MAX_MESSAGES = 4096;
/** A header with the attributes of a whole network takes some kilobytes. */
const MAX_HEADER_BYTES = 1024 * 1024;

/**
 * Reads the messages of the object whose header is at an address.
 *
 * @throws AppError `WEIGHTS_INVALID`
 */
export async function readMessages(file: ByteRange, address: number, what: string): Promise<Message[]> {
  const header = `the header of ${what}`;
  const prefix = new FieldReader(await file.read(address, PREFIX_BYTES, header), header);
  const version = prefix.uint8();
  if (version !== 1) throw invalidWeights(`${header} of version 1, as h5py writes it`, `${version}`);
  prefix.skip(1);
  const count = prefix.uint16();
  if (count > MAX_MESSAGES) throw invalidWeights(`at most ${MAX_MESSAGES} messages in ${header}`, `${count}`);
  prefix.skip(4);
  const blocks = [{ at: address + PREFIX_BYTES, length: prefix.uint32() }];
  const messages: Message[] = [];
  let totalBytes = 0;
  // Every continuation is a message, so `count` bounds the blocks too.
  for (let block = blocks.shift(); block !== undefined && messages.length < count; block = blocks.shift()) {
    totalBytes += block.length;
    if (totalBytes > MAX_HEADER_BYTES) {
      throw invalidWeights(`at most ${MAX_HEADER_BYTES} bytes in ${header}`, `${totalBytes}`);
    }
    const fields = new FieldReader(await file.read(block.at, block.length, header), header);
    for (let rest = block.length; rest >= MESSAGE_PREFIX_BYTES && messages.length < count; ) {
      const [type, length, flags] = [fields.uint16(), fields.uint16(), fields.uint8()];
      fields.skip(3);
      const bytes = fields.take(length);
      rest -= MESSAGE_PREFIX_BYTES + length;
      messages.push({ type, bytes, shared: (flags & SHARED_FLAG) !== 0 });
      if (type === CONTINUATION) {
        const place = new FieldReader(bytes, header);
        blocks.push({ at: place.uint64(), length: place.uint64() });
      }
    }
  }
  return messages;
}

export interface Hdf5Dataset {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly address: number;
  readonly sizeBytes: number;
}

/**
 * Finds the place of a tensor; null for an object that is not an HDF5 dataset.
 *
 * @throws AppError `WEIGHTS_INVALID`, also for data outside the file or in pieces
 */
export function parseDataset(messages: readonly Message[], what: string): Hdf5Dataset | null {
  const find = (type: number): Message | undefined => messages.find((message) => message.type === type);
  const [space, type, layout] = [find(DATASPACE), find(DATATYPE), find(LAYOUT)];
  if (space === undefined || type === undefined || layout === undefined) return null;
  if (find(EXTERNAL_FILES) !== undefined) throw invalidWeights(`${what} in the file itself`, "another file");
  if (find(FILTERS) !== undefined) throw invalidWeights(`${what} unpacked`, "packed data");
  if (type.shared || space.shared) throw invalidWeights(`${what} with a type of its own`, "a shared one");
  const shape = parseDataspace(new FieldReader(space.bytes, what));
  const { dtype } = parseDatatype(type.bytes, what);
  const elements = elementsOf(shape, what);
  const { address, sizeBytes } = parseLayout(new FieldReader(layout.bytes, what), what);
  // A tensor without elements was never written and has no address.
  if (elements === 0) return { shape, dtype, address: 0, sizeBytes: 0 };
  if (isStoredType(dtype) && sizeBytes !== elements * sizeOf(dtype)) {
    throw invalidWeights(`${elements * sizeOf(dtype)} bytes for ${what}`, `${sizeBytes}`);
  }
  return { shape, dtype, address, sizeBytes };
}

const SCALAR_AND_SIMPLE = 1;
const NULL_DATASPACE = 2;

/** Reads the sizes of the axes: section IV.A.2.b of the specification. */
export function parseDataspace(fields: FieldReader): number[] {
  const version = fields.uint8();
  const rank = fields.uint8();
  fields.skip(1);
  const kind = fields.uint8();
  if (version === 1) fields.skip(4);
  else if (version !== 2) throw invalidWeights("dataspaces of version 1 or 2", `${version}`);
  else if (kind === NULL_DATASPACE) return [0];
  else if (kind > SCALAR_AND_SIMPLE) throw invalidWeights("simple dataspaces", `kind ${kind}`);
  return Array.from({ length: rank }, () => fields.uint64());
}

const CONTIGUOUS = 1;

function parseLayout(fields: FieldReader, what: string): { address: number; sizeBytes: number } {
  const [version, kind] = [fields.uint8(), fields.uint8()];
  if (version !== 3 && version !== 4)
    throw invalidWeights(`a layout of version 3 or 4 for ${what}`, `${version}`);
  if (kind !== CONTIGUOUS) throw invalidWeights(`${what} in one piece`, `layout ${kind}`);
  return { address: fields.uint64(), sizeBytes: fields.uint64() };
}
