import type { ByteRange } from "../byte-range.js";
import { FieldReader } from "../field-reader.js";
import { invalidWeights, quoted } from "../invalid-weights.js";
import { contiguousTensor, type StoredTensor } from "../stored-tensor.js";
import { GlobalHeap } from "./global-heap.js";
import { linksOf } from "./group-links.js";
import { type Hdf5Dataset, type Message, parseDataset, readMessages, SYMBOL_TABLE } from "./object-header.js";
import { readTextAttribute } from "./text-attribute.js";

const SIGNATURE = Buffer.from("\x89HDF\r\n\x1a\n", "latin1");
const SUPERBLOCK_BYTES = 96;
/** The most levels of groups; a model inside a model has two more than the model. */
const MAX_DEPTH = 40;
/** The most groups and tensors; VGG19 with its optimizer has some hundred. */
const MAX_OBJECTS = 5000;

export function looksLikeHdf5(start: Buffer): boolean {
  return start.subarray(0, SIGNATURE.length).equals(SIGNATURE);
}

/** A group with everything below it. */
export interface Hdf5Group {
  /** Lists of texts among its attributes, such as `layer_names`. */
  readonly texts: ReadonlyMap<string, readonly string[]>;
  readonly groups: ReadonlyMap<string, Hdf5Group>;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/**
 * Reads the structures of the HDF5 File Format Specification, version 1.1, that Keras writes by h5py's defaults:
 * superblocks 0 and 1, symbol tables, object headers 1, contiguous data. Links to other files, compressed data and newer
 * structures are refused, so that no other file is read and no data grow while they are read.
 *
 * @throws AppError `WEIGHTS_INVALID`
 */
export async function readHdf5(file: ByteRange): Promise<Hdf5Group> {
  const superblock = new FieldReader(
    await file.read(0, SUPERBLOCK_BYTES, "the superblock"),
    "the superblock",
  );
  superblock.skip(SIGNATURE.length);
  const version = superblock.uint8();
  if (version > 1)
    throw invalidWeights("an HDF5 superblock of version 0 or 1, as h5py writes it", `${version}`);
  superblock.skip(4);
  const [offsetBytes, lengthBytes] = [superblock.uint8(), superblock.uint8()];
  if (offsetBytes !== 8 || lengthBytes !== 8) {
    throw invalidWeights("HDF5 addresses of 8 bytes", `${offsetBytes} and ${lengthBytes}`);
  }
  // Ranks of the trees, flags, base address, free space, end of file, driver; then the root's link.
  superblock.skip(1 + 2 + 2 + 4 + (version === 1 ? 4 : 0) + 4 * 8 + 8);
  return new TreeReader(file).group(superblock.uint64(), "", 0);
}

class TreeReader {
  readonly #heap: GlobalHeap;
  #objects = 0;

  constructor(private readonly file: ByteRange) {
    this.#heap = new GlobalHeap(file);
  }

  async group(address: number, path: string, depth: number): Promise<Hdf5Group> {
    return this.#groupOf(await this.#messages(address, path, depth), path, depth);
  }

  async #groupOf(messages: readonly Message[], path: string, depth: number): Promise<Hdf5Group> {
    const groups = new Map<string, Hdf5Group>();
    const tensors = new Map<string, StoredTensor>();
    for (const [name, address] of await linksOf(this.file, messages)) {
      const below = `${path}/${name}`;
      const found = await this.#messages(address, below, depth + 1);
      if (found.some(({ type }) => type === SYMBOL_TABLE)) {
        groups.set(name, await this.#groupOf(found, below, depth + 1));
      } else {
        const dataset = parseDataset(found, quoted(below));
        if (dataset !== null) tensors.set(name, this.#tensor(dataset, below));
      }
    }
    const texts = new Map<string, readonly string[]>();
    for (const message of messages) {
      const attribute = await readTextAttribute(message, this.#heap);
      if (attribute !== null) texts.set(attribute.name, attribute.texts);
    }
    return { texts, groups, tensors };
  }

  /** Also counts objects, because a group may contain a link to itself. */
  async #messages(address: number, path: string, depth: number): Promise<readonly Message[]> {
    this.#objects++;
    if (depth > MAX_DEPTH || this.#objects > MAX_OBJECTS) {
      const what = depth > MAX_DEPTH ? `${quoted(path)} deeper than that` : "more objects";
      throw invalidWeights(`at most ${MAX_DEPTH} levels and ${MAX_OBJECTS} objects`, what);
    }
    return readMessages(this.file, address, quoted(path));
  }

  #tensor({ shape, dtype, address, sizeBytes }: Hdf5Dataset, path: string): StoredTensor {
    const bytes = this.file.slice(address, sizeBytes, quoted(path));
    return contiguousTensor({ name: path.slice(1), shape, dtype }, bytes);
  }
}
