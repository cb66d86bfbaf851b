import { elementCount } from "../../graph/tensor-spec.js";
import { bytesOf } from "./export-file.js";

/** A tensor of an HDF5 file, in float32. */
export interface Hdf5Tensor {
  /** The names of its groups, from the root on, and its own name. */
  readonly path: readonly string[];
  readonly shape: readonly number[];
}

/** The names of a group, and what they stand for. */
interface Group {
  readonly members: Map<string, Group | PlacedTensor>;
}

interface PlacedTensor {
  readonly shape: readonly number[];
  readonly address: number;
  readonly sizeBytes: number;
}

// HDF5 File Format Specification, version 1.1. Every structure begins at a multiple of 8 bytes.
const SUPERBLOCK_BYTES = 96;
const ALIGNMENT = 8;
const UNDEFINED_ADDRESS = 2n ** 64n - 1n;
/** The ranks of trees that a superblock without other ones implies: h5py's defaults. */
const LEAF_RANK = 4;
const INTERNAL_RANK = 16;
const LINKS_PER_NODE = 2 * LEAF_RANK;
const NODES_PER_TREE = 2 * INTERNAL_RANK;
const LINK_BYTES = 40;
const FLOAT32_BYTES = 4;

const DATASPACE = 0x01;
const DATATYPE = 0x03;
const FILL_VALUE = 0x05;
const LAYOUT = 0x08;
const SYMBOL_TABLE = 0x11;

/**
 * The bytes of an HDF5 file with float32 tensors. They depend on the tensors alone: there are no times. The structures
 * are those that the oldest readers know: a superblock of version 0, groups with symbol tables, and tensors in one piece.
 * The tensors come first, because the descriptions behind them need no values.
 *
 * @param values the elements of each tensor, in the order of the tensors; each is let go before the next one is asked for
 * @param groups paths of groups that are there even if they are empty
 */
export async function* hdf5File(
  tensors: readonly Hdf5Tensor[],
  values: AsyncIterable<Float32Array<ArrayBuffer>>,
  groups: readonly (readonly string[])[] = [],
): AsyncGenerator<Uint8Array> {
  const root: Group = { members: new Map() };
  for (const path of groups) groupAt(root, path);
  let end = SUPERBLOCK_BYTES;
  const placed = tensors.map(({ path, shape }) => {
    const tensor = { shape, address: end, sizeBytes: elementCount(shape) * FLOAT32_BYTES };
    insert(root, path, tensor);
    end += aligned(tensor.sizeBytes);
    return tensor;
  });
  const descriptions = new Descriptions(end);
  const rootAddress = descriptions.addGroup(root);
  yield superblock(rootAddress, descriptions.end);
  let written = 0;
  for await (const elements of values) {
    const tensor = placed[written++];
    if (tensor === undefined) throw new Error(`Expected ${placed.length} tensors. Received more.`);
    if (tensor.sizeBytes !== elements.byteLength) {
      throw new Error(`Expected ${tensor.sizeBytes} bytes of a tensor. Received ${elements.byteLength}.`);
    }
    yield bytesOf(elements);
    yield new Uint8Array(aligned(tensor.sizeBytes) - tensor.sizeBytes);
  }
  if (written !== placed.length) throw new Error(`Expected ${placed.length} tensors. Received ${written}.`);
  yield* descriptions.parts;
}

function insert(root: Group, path: readonly string[], tensor: PlacedTensor): void {
  groupAt(root, path.slice(0, -1)).members.set(path.at(-1) ?? "", tensor);
}

/** The group with a path; it is made where it is missing. */
function groupAt(root: Group, path: readonly string[]): Group {
  return path.reduce((outer, name) => {
    const found = outer.members.get(name) ?? { members: new Map() };
    if (!("members" in found)) throw new Error(`A tensor has the name of the group ${name}.`);
    outer.members.set(name, found);
    return found;
  }, root);
}

/** Section II.A. */
function superblock(rootAddress: number, fileBytes: number): Buffer {
  const bytes = Buffer.alloc(SUPERBLOCK_BYTES);
  bytes.write("\x89HDF\r\n\x1a\n", "latin1");
  // Sizes of addresses and lengths.
  bytes.set([8, 8], 13);
  bytes.writeUInt16LE(LEAF_RANK, 16);
  bytes.writeUInt16LE(INTERNAL_RANK, 18);
  // The base address is 0. There is no free space and no driver.
  bytes.writeBigUInt64LE(UNDEFINED_ADDRESS, 32);
  writeNumber(bytes, fileBytes, 40);
  bytes.writeBigUInt64LE(UNDEFINED_ADDRESS, 48);
  writeNumber(bytes, rootAddress, 64);
  return bytes;
}

/** The descriptions of groups and tensors, one behind the other. */
class Descriptions {
  readonly parts: Buffer[] = [];
  #end: number;

  constructor(start: number) {
    this.#end = start;
  }

  get end(): number {
    return this.#end;
  }

  /** @returns the address of the group's header */
  addGroup({ members }: Group): number {
    const names = [...members.keys()].sort((one, other) =>
      Buffer.compare(Buffer.from(one), Buffer.from(other)),
    );
    const heap = heapOf(names);
    const links = names.map((name): Link => {
      const member = members.get(name);
      if (member === undefined) throw new Error(`The group has no member ${name}.`);
      const header = "members" in member ? this.addGroup(member) : this.#add(tensorHeader(member));
      return { nameOffset: heap.offsets.get(name) ?? 0, header };
    });
    const heapData = this.#add(heap.data);
    const heapHeader = this.#add(localHeap(heap.data.length, heapData));
    const nodes: TreeChild[] = [];
    for (let start = 0; start < links.length; start += LINKS_PER_NODE) {
      const part = links.slice(start, start + LINKS_PER_NODE);
      nodes.push({ address: this.#add(symbolTableNode(part)), lastName: part.at(-1)?.nameOffset ?? 0 });
    }
    const tree = this.#add(groupTree(nodes));
    return this.#add(objectHeader([{ type: SYMBOL_TABLE, content: numbers(tree, heapHeader) }]));
  }

  #add(bytes: Buffer): number {
    const address = this.#end;
    const padded = Buffer.concat([bytes], aligned(bytes.length));
    this.parts.push(padded);
    this.#end += padded.length;
    return address;
  }
}

interface Link {
  /** Where the heap of the group has its name. */
  readonly nameOffset: number;
  readonly header: number;
}

interface TreeChild {
  readonly address: number;
  /** The offset of its last name. */
  readonly lastName: number;
}

/** The names of a group, each of which ends with a zero byte and begins at a multiple of 8. The first one is empty. */
function heapOf(names: readonly string[]): { data: Buffer; offsets: ReadonlyMap<string, number> } {
  const offsets = new Map<string, number>();
  let data = Buffer.alloc(ALIGNMENT);
  for (const name of names) {
    offsets.set(name, data.length);
    const bytes = Buffer.from(`${name}\0`, "utf8");
    data = Buffer.concat([data, bytes], data.length + aligned(bytes.length));
  }
  return { data, offsets };
}

/** Section III.D. */
function localHeap(dataBytes: number, dataAddress: number): Buffer {
  // 1 is the library's mark of a heap without free blocks.
  return Buffer.concat([signature("HEAP", 0), numbers(dataBytes, 1, dataAddress)]);
}

/** Section III.B, with room for all links that a node may have. */
function symbolTableNode(links: readonly Link[]): Buffer {
  const head = signature("SNOD", 1);
  head.writeUInt16LE(links.length, 6);
  const entries = links.map(({ nameOffset, header }) => {
    const entry = Buffer.alloc(LINK_BYTES);
    writeNumber(entry, nameOffset, 0);
    writeNumber(entry, header, 8);
    return entry;
  });
  return Buffer.concat([head, ...entries], head.length + LINKS_PER_NODE * LINK_BYTES);
}

/** Section III.A.1: a tree of one node, with room for all children that it may have. */
function groupTree(children: readonly TreeChild[]): Buffer {
  if (children.length > NODES_PER_TREE) {
    throw new Error(`Expected at most ${NODES_PER_TREE * LINKS_PER_NODE} members of an HDF5 group.`);
  }
  const head = Buffer.alloc(24);
  head.write("TREE", "latin1");
  head.writeUInt16LE(children.length, 6);
  head.writeBigUInt64LE(UNDEFINED_ADDRESS, 8);
  head.writeBigUInt64LE(UNDEFINED_ADDRESS, 16);
  const pairs = children.map(({ address, lastName }) => numbers(address, lastName));
  const room = NODES_PER_TREE * 2 * 8 + 8;
  return Buffer.concat([head, numbers(0), ...pairs], head.length + room);
}

interface Message {
  readonly type: number;
  readonly content: Buffer;
}

/** Section IV.A.1.a: an object header of version 1. */
function objectHeader(messages: readonly Message[]): Buffer {
  const encoded = messages.map(({ type, content }) => {
    const padded = Buffer.concat([content], aligned(content.length));
    const head = Buffer.alloc(8);
    head.writeUInt16LE(type, 0);
    head.writeUInt16LE(padded.length, 2);
    return Buffer.concat([head, padded]);
  });
  const body = Buffer.concat(encoded);
  const prefix = Buffer.alloc(16);
  prefix.writeUInt8(1, 0);
  prefix.writeUInt16LE(messages.length, 2);
  // The number of links to the object.
  prefix.writeUInt32LE(1, 4);
  prefix.writeUInt32LE(body.length, 8);
  return Buffer.concat([prefix, body]);
}

/** Section IV.A.2, messages 0x01, 0x03, 0x05 and 0x08. */
function tensorHeader({ shape, address, sizeBytes }: PlacedTensor): Buffer {
  const dataspace = Buffer.concat([Buffer.of(1, shape.length, 0, 0, 0, 0, 0, 0), numbers(...shape)]);
  // IEEE 754 binary32, little-endian: class and version, normalization and place of the sign, size; offset and precision,
  // place and size of the exponent and of the mantissa, bias.
  const datatype = Buffer.of(0x11, 0x20, 31, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0);
  // Version 2: the default, zero, for elements that were not written.
  const fillValue = Buffer.of(2, 2, 2, 1, 0, 0, 0, 0);
  const contiguous = Buffer.concat([Buffer.of(3, 1), numbers(address, sizeBytes)]);
  return objectHeader([
    { type: DATASPACE, content: dataspace },
    { type: DATATYPE, content: datatype },
    { type: FILL_VALUE, content: fillValue },
    { type: LAYOUT, content: contiguous },
  ]);
}

function signature(text: string, version: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.write(text, "latin1");
  bytes.writeUInt8(version, 4);
  return bytes;
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8);
  for (const [index, value] of values.entries()) writeNumber(bytes, value, index * 8);
  return bytes;
}

function writeNumber(bytes: Buffer, value: number, at: number): void {
  bytes.writeBigUInt64LE(BigInt(value), at);
}

function aligned(sizeBytes: number): number {
  return Math.ceil(sizeBytes / ALIGNMENT) * ALIGNMENT;
}
