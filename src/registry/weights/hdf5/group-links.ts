import type { ByteRange } from "../byte-range.js";
import { FieldReader } from "../field-reader.js";
import { invalidWeights } from "../invalid-weights.js";
import { type Message, SYMBOL_TABLE } from "./object-header.js";

const TREE_NODE_BYTES = 24;
const GROUP_NODE = 0;
const TABLE_NODE_BYTES = 8;
const LINK_BYTES = 40;
const HEAP_BYTES = 32;
const HARD_LINK = 0;
const HARD_LINK_WITH_TABLE = 1;
/** A heap holds the names of a group's links. */
const MAX_HEAP_BYTES = 1024 * 1024;
/** A damaged tree can contain itself. */
const MAX_TREE_DEPTH = 8;
const MAX_NODES = 1000;
const MAX_LINKS = 5000;

/**
 * Reads the addresses of the objects that a group links to, by name; links into other files and by path are ignored.
 * Sections III.A.1, III.B, III.C and III.D of the specification.
 *
 * @throws AppError `WEIGHTS_INVALID`
 */
export async function linksOf(
  file: ByteRange,
  messages: readonly Message[],
): Promise<ReadonlyMap<string, number>> {
  const table = messages.find(({ type }) => type === SYMBOL_TABLE);
  if (table === undefined) return new Map();
  const fields = new FieldReader(table.bytes, "a symbol table");
  const [tree, heap] = [fields.uint64(), fields.uint64()];
  const links = new GroupLinks(file, await readHeap(file, heap));
  await links.addTree(tree, MAX_TREE_DEPTH);
  return links.byName;
}

async function readHeap(file: ByteRange, address: number): Promise<Buffer> {
  const heap = new FieldReader(await file.read(address, HEAP_BYTES, "a heap of names"), "a heap of names");
  heap.signature("HEAP");
  heap.skip(4);
  const length = heap.uint64();
  heap.skip(8);
  if (length > MAX_HEAP_BYTES) {
    throw invalidWeights(`at most ${MAX_HEAP_BYTES} bytes of names in a group`, `${length}`);
  }
  return file.read(heap.uint64(), length, "the names of a group");
}

class GroupLinks {
  readonly byName = new Map<string, number>();
  #nodes = 0;
  #links = 0;

  constructor(
    private readonly file: ByteRange,
    private readonly names: Buffer,
  ) {}

  /** @param levels the most levels below this one */
  async addTree(address: number, levels: number): Promise<void> {
    const what = "a tree of links";
    this.#nodes++;
    if (this.#nodes > MAX_NODES) throw invalidWeights(`at most ${MAX_NODES} nodes in ${what}`, "more");
    const node = new FieldReader(await this.file.read(address, TREE_NODE_BYTES, what), what);
    node.signature("TREE");
    const [kind, level, used] = [node.uint8(), node.uint8(), node.uint16()];
    if (kind !== GROUP_NODE || level >= levels)
      throw invalidWeights(`${what} of groups`, `kind ${kind}, level ${level}`);
    // The keys between the children are not needed.
    const pairs = new FieldReader(await this.file.read(address + TREE_NODE_BYTES, used * 16, what), what);
    for (let child = 0; child < used; child++) {
      pairs.skip(8);
      const below = pairs.uint64();
      if (level === 0) await this.#addTable(below);
      else await this.addTree(below, level);
    }
  }

  async #addTable(address: number): Promise<void> {
    const what = "a table of links";
    const head = new FieldReader(await this.file.read(address, TABLE_NODE_BYTES, what), what);
    head.signature("SNOD");
    head.skip(2);
    const count = head.uint16();
    const bytes = await this.file.read(address + TABLE_NODE_BYTES, count * LINK_BYTES, what);
    const fields = new FieldReader(bytes, what);
    for (let link = 0; link < count; link++) {
      const [nameAt, target, kind] = [fields.uint64(), fields.uint64(), fields.uint32()];
      fields.skip(4 + 16);
      if (kind === HARD_LINK || kind === HARD_LINK_WITH_TABLE) this.#add(this.#nameAt(nameAt), target);
    }
  }

  #add(name: string, target: number): void {
    this.#links++;
    if (this.#links > MAX_LINKS) throw invalidWeights(`at most ${MAX_LINKS} links in a group`, "more");
    this.byName.set(name, target);
  }

  #nameAt(offset: number): string {
    const end = offset < this.names.length ? this.names.indexOf(0, offset) : -1;
    if (end < 0) throw invalidWeights("the name of every link", "none at its place");
    return this.names.toString("utf8", offset, end);
  }
}
