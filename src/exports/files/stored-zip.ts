import { crc32 } from "node:zlib";
import type { ExportFile } from "./export-file.js";

// PKWARE's APPNOTE, section 4.3.
const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END = 0x06054b50;
const LOCAL_HEADER_BYTES = 30;
const CENTRAL_HEADER_BYTES = 46;
const END_BYTES = 22;
const VERSION = 20;
const UTF8_FLAG = 1 << 11;
/** Place of the checksum in a local header; both sizes follow it. */
const CHECKSUM_OFFSET = 14;
const MAX_BYTES = 2 ** 32 - 1;
const MAX_ENTRIES = 2 ** 16 - 1;

interface Entry {
  readonly name: Buffer;
  readonly position: number;
  readonly checksum: number;
  readonly sizeBytes: number;
}

/**
 * Appends a zip archive of uncompressed entries to a file, which may hold other bytes before it. Its bytes depend on the
 * entries and the time alone.
 */
export class StoredZip {
  readonly #file: ExportFile;
  readonly #time: { readonly date: number; readonly time: number };
  readonly #entries: Entry[] = [];

  /** @param modified the time of every entry, which a zip keeps in steps of two seconds */
  constructor(file: ExportFile, modified: Date) {
    this.#file = file;
    this.#time = dosTime(modified);
  }

  /** @throws Error when the archive would need 64-bit sizes */
  async add(name: string, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    const file = this.#file;
    const position = file.sizeBytes;
    const encoded = Buffer.from(name, "utf8");
    await file.append(this.#localHeader(encoded));
    let checksum = 0;
    let sizeBytes = 0;
    for await (const bytes of content instanceof Uint8Array ? [content] : content) {
      checksum = crc32(bytes, checksum);
      sizeBytes += bytes.length;
      await file.append(bytes);
    }
    if (file.sizeBytes > MAX_BYTES || this.#entries.length >= MAX_ENTRIES) {
      throw new Error(`Expected an archive of less than 4 GiB. Received ${file.sizeBytes} bytes.`);
    }
    const facts = Buffer.alloc(12);
    facts.writeUInt32LE(checksum, 0);
    facts.writeUInt32LE(sizeBytes, 4);
    facts.writeUInt32LE(sizeBytes, 8);
    await file.overwrite(position + CHECKSUM_OFFSET, facts);
    this.#entries.push({ name: encoded, position, checksum, sizeBytes });
  }

  /** Appends the directory of the archive. */
  async finish(): Promise<void> {
    const directory = Buffer.concat(this.#entries.map((entry) => this.#centralHeader(entry)));
    const end = Buffer.alloc(END_BYTES);
    end.writeUInt32LE(END, 0);
    end.writeUInt16LE(this.#entries.length, 8);
    end.writeUInt16LE(this.#entries.length, 10);
    end.writeUInt32LE(directory.length, 12);
    end.writeUInt32LE(this.#file.sizeBytes, 16);
    await this.#file.append(directory);
    await this.#file.append(end);
  }

  /** The header of an entry whose checksum and sizes are not known yet. */
  #localHeader(name: Buffer): Buffer {
    const header = Buffer.alloc(LOCAL_HEADER_BYTES);
    header.writeUInt32LE(LOCAL_HEADER, 0);
    header.writeUInt16LE(VERSION, 4);
    header.writeUInt16LE(UTF8_FLAG, 6);
    header.writeUInt16LE(this.#time.time, 10);
    header.writeUInt16LE(this.#time.date, 12);
    header.writeUInt16LE(name.length, 26);
    return Buffer.concat([header, name]);
  }

  #centralHeader({ name, position, checksum, sizeBytes }: Entry): Buffer {
    const header = Buffer.alloc(CENTRAL_HEADER_BYTES);
    header.writeUInt32LE(CENTRAL_HEADER, 0);
    header.writeUInt16LE(VERSION, 4);
    header.writeUInt16LE(VERSION, 6);
    header.writeUInt16LE(UTF8_FLAG, 8);
    header.writeUInt16LE(this.#time.time, 12);
    header.writeUInt16LE(this.#time.date, 14);
    header.writeUInt32LE(checksum, 16);
    header.writeUInt32LE(sizeBytes, 20);
    header.writeUInt32LE(sizeBytes, 24);
    header.writeUInt16LE(name.length, 28);
    header.writeUInt32LE(position, 42);
    return Buffer.concat([header, name]);
  }
}

/** A time in the form of MS-DOS, in UTC, from 1980 on. */
function dosTime(at: Date): { readonly date: number; readonly time: number } {
  const year = Math.max(1980, at.getUTCFullYear());
  return {
    date: ((year - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate(),
    time: (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1),
  };
}
