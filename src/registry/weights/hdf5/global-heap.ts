import type { ByteRange } from "../byte-range.js";
import { FieldReader } from "../field-reader.js";
import { invalidWeights } from "../invalid-weights.js";

const COLLECTION_HEAD_BYTES = 16;
const OBJECT_HEAD_BYTES = 16;
/** The most bytes of all collections of a file, one of which holds the description of the model. */
const MAX_BYTES = 64 * 1024 * 1024;
const FREE_SPACE = 0;

/** The global heap, which holds values of any length: section III.E of the specification. */
export class GlobalHeap {
  readonly #collections = new Map<number, Promise<ReadonlyMap<number, Buffer>>>();
  #readBytes = 0;

  constructor(private readonly file: ByteRange) {}

  /** @throws AppError `WEIGHTS_INVALID` */
  async read(collection: number, index: number): Promise<Buffer> {
    let objects = this.#collections.get(collection);
    if (objects === undefined) {
      objects = this.#readCollection(collection);
      this.#collections.set(collection, objects);
    }
    const found = (await objects).get(index);
    if (found === undefined) throw invalidWeights("the value that an attribute refers to", "none");
    return found;
  }

  async #readCollection(address: number): Promise<ReadonlyMap<number, Buffer>> {
    const what = "a global heap";
    const head = new FieldReader(await this.file.read(address, COLLECTION_HEAD_BYTES, what), what);
    head.signature("GCOL");
    head.skip(4);
    const length = head.uint64() - COLLECTION_HEAD_BYTES;
    this.#readBytes += length;
    if (this.#readBytes > MAX_BYTES)
      throw invalidWeights(`at most ${MAX_BYTES} bytes in global heaps`, "more");
    const fields = new FieldReader(await this.file.read(address + COLLECTION_HEAD_BYTES, length, what), what);
    const objects = new Map<number, Buffer>();
    for (let rest = length; rest >= OBJECT_HEAD_BYTES; ) {
      const index = fields.uint16();
      fields.skip(6);
      const size = fields.uint64();
      if (index === FREE_SPACE) break;
      objects.set(index, fields.take(size));
      fields.skip(-size & 7);
      rest -= OBJECT_HEAD_BYTES + size + (-size & 7);
    }
    return objects;
  }
}
