import type { ByteRange } from "./byte-range.js";
import { FieldReader } from "./field-reader.js";
import { invalidWeights, quoted } from "./invalid-weights.js";

/**
 * Structures of PKWARE's APPNOTE, section 4.3. This reader only finds the places of stored entries, and trusts no value of
 * the file.
 */
const LOCAL_HEADER = "PK\x03\x04";
const CENTRAL_HEADER = "PK\x01\x02";
const END = "PK\x05\x06";
const END_64 = "PK\x06\x06";
const END_64_LOCATOR = "PK\x06\x07";

const LOCAL_HEADER_BYTES = 30;
const END_BYTES = 22;
const END_64_BYTES = 56;
const END_64_LOCATOR_BYTES = 20;
const MAX_COMMENT_BYTES = 0xffff;
/** Stands in place of a number that needs 64 bits, which is in an extra field. */
const IN_EXTRA_32 = 0xffffffff;
const IN_EXTRA_16 = 0xffff;
const EXTRA_64 = 0x0001;
const ENCRYPTED_FLAG = 0x0001;
const STORED = 0;

/** The code of a TorchScript module, which is packed and never read. */
const SOURCE_CODE = /^[^/]+\/code\//;

/** PyTorch stores every tensor in a separate entry: VGG19 with batch normalization has about a hundred. */
const MAX_ENTRIES = 20_000;
const MAX_DIRECTORY_BYTES = 16 * 1024 * 1024;

export function looksLikeZip(start: Buffer): boolean {
  return start.subarray(0, LOCAL_HEADER.length).equals(Buffer.from(LOCAL_HEADER, "latin1"));
}

/**
 * Finds the entries of a zip in its file. Keras and PyTorch store them uncompressed, so that each can be read in place; a
 * compressed entry is refused.
 *
 * @param requireNames may refuse the zip for the names of its entries, before their content is looked at
 * @throws AppError `WEIGHTS_INVALID`
 */
export async function readStoredZip(
  file: ByteRange,
  requireNames: (names: readonly string[]) => void = () => {},
): Promise<ReadonlyMap<string, ByteRange>> {
  const { count, at, length } = await findDirectory(file);
  if (count > MAX_ENTRIES || length > MAX_DIRECTORY_BYTES) {
    const most = `at most ${MAX_ENTRIES} entries and ${MAX_DIRECTORY_BYTES} bytes in the zip's directory`;
    throw invalidWeights(most, `${count} entries, ${length} bytes`);
  }
  const directory = new FieldReader(
    await file.read(at, length, "the zip's directory"),
    "the zip's directory",
  );
  const listed = Array.from({ length: count }, () => readEntry(directory));
  requireNames(listed.map(({ name }) => name));
  const entries = new Map<string, ByteRange>();
  for (const entry of listed) {
    const what = `zip entry ${quoted(entry.name)}`;
    if (SOURCE_CODE.test(entry.name)) continue;
    if (entry.isPacked)
      throw invalidWeights("zip entries that are neither packed nor encrypted", quoted(entry.name));
    if (entries.has(entry.name)) throw invalidWeights("every zip entry once", `${what} twice`);
    entries.set(entry.name, await contentOf(file, entry, what));
  }
  return entries;
}

interface Directory {
  readonly count: number;
  readonly at: number;
  readonly length: number;
}

async function findDirectory(file: ByteRange): Promise<Directory> {
  const tailBytes = Math.min(file.length, END_BYTES + MAX_COMMENT_BYTES);
  const tailAt = file.length - tailBytes;
  const tail = await file.read(tailAt, tailBytes, "the zip's end");
  const endAt = tail.lastIndexOf(END, -1, "latin1");
  if (endAt < 0) throw invalidWeights("a zip with its end", "one that is cut off");
  const end = new FieldReader(tail.subarray(endAt), "the zip's end");
  end.signature(END);
  end.skip(6);
  const directory = { count: end.uint16(), length: end.uint32(), at: end.uint32() };
  const { count, length, at } = directory;
  if (count !== IN_EXTRA_16 && length !== IN_EXTRA_32 && at !== IN_EXTRA_32) return directory;
  return findDirectory64(file, tailAt + endAt - END_64_LOCATOR_BYTES);
}

async function findDirectory64(file: ByteRange, locatorAt: number): Promise<Directory> {
  const what = "the zip's 64-bit end";
  const locator = new FieldReader(await file.read(locatorAt, END_64_LOCATOR_BYTES, what), what);
  locator.signature(END_64_LOCATOR);
  locator.skip(4);
  const end = new FieldReader(await file.read(locator.uint64(), END_64_BYTES, what), what);
  end.signature(END_64);
  end.skip(28);
  return { count: end.uint64(), length: end.uint64(), at: end.uint64() };
}

interface ZipEntry {
  readonly name: string;
  readonly length: number;
  /** The position of its local header. */
  readonly at: number;
  /** Whether it is compressed or encrypted, so that it cannot be read in place. */
  readonly isPacked: boolean;
}

function readEntry(directory: FieldReader): ZipEntry {
  directory.signature(CENTRAL_HEADER);
  directory.skip(4);
  const [flags, method] = [directory.uint16(), directory.uint16()];
  directory.skip(8);
  let [packedLength, length] = [directory.uint32(), directory.uint32()];
  const [nameBytes, extraBytes, commentBytes] = [directory.uint16(), directory.uint16(), directory.uint16()];
  directory.skip(8);
  let at = directory.uint32();
  const name = directory.take(nameBytes).toString("utf8");
  const extra = new FieldReader(directory.take(extraBytes), `zip entry ${quoted(name)}`);
  directory.skip(commentBytes);
  const wide = wideNumbers(extra, extraBytes);
  if (wide !== null) {
    // The extra field has only the numbers that did not fit, in this order.
    if (length === IN_EXTRA_32) length = wide.uint64();
    if (packedLength === IN_EXTRA_32) packedLength = wide.uint64();
    if (at === IN_EXTRA_32) at = wide.uint64();
  }
  const isPacked = method !== STORED || (flags & ENCRYPTED_FLAG) !== 0 || packedLength !== length;
  return { name, length, at, isPacked };
}

function wideNumbers(extra: FieldReader, extraBytes: number): FieldReader | null {
  for (let rest = extraBytes; rest > 4; ) {
    const [kind, length] = [extra.uint16(), extra.uint16()];
    const bytes = extra.take(length);
    if (kind === EXTRA_64) return new FieldReader(bytes, "a zip entry's 64-bit numbers");
    rest -= 4 + length;
  }
  return null;
}

/** The local header repeats the name and has extra fields of its own. */
async function contentOf(file: ByteRange, { at, length }: ZipEntry, what: string): Promise<ByteRange> {
  const header = new FieldReader(await file.read(at, LOCAL_HEADER_BYTES, what), what);
  header.signature(LOCAL_HEADER);
  header.skip(22);
  const [nameBytes, extraBytes] = [header.uint16(), header.uint16()];
  return file.slice(at + LOCAL_HEADER_BYTES + nameBytes + extraBytes, length, what);
}
