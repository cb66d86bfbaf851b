import { crc32, deflateRawSync, gzipSync } from "node:zlib";
import { type Header, pack } from "tar-stream";
import type { Files } from "./images.js";

/** An entry of a zip file, with the false headers of a hostile or broken writer. */
export interface ZipEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The Unix mode with the type of the file, for example 0o120777 for a link. */
  readonly mode?: number;
  /** Whether the entry is compressed; by default it is not. */
  readonly deflate?: boolean;
  /** False values in the headers. */
  readonly claimedBytes?: number;
  readonly claimedCrc?: number;
  readonly method?: number;
  readonly encrypted?: boolean;
}

export function zipOf(files: Files): Buffer {
  return zip(Object.entries(files).map(([name, bytes]) => ({ name, bytes, deflate: true })));
}

/** Writes a zip file by PKWARE's APPNOTE, without any check. */
export function zip(entries: readonly ZipEntry[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name, "utf8");
    const data = entry.deflate === true ? deflateRawSync(entry.bytes) : Buffer.from(entry.bytes);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0); // version needed
    common.writeUInt16LE(0x0800 | (entry.encrypted === true ? 1 : 0), 2); // UTF-8 names
    common.writeUInt16LE(entry.method ?? (entry.deflate === true ? 8 : 0), 4);
    common.writeUInt32LE(entry.claimedCrc ?? crc32(entry.bytes), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(entry.claimedBytes ?? entry.bytes.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, name, data]);
    const central = Buffer.alloc(14);
    central.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 6);
    central.writeUInt32LE(offset, 10);
    const madeByUnix = Buffer.from([30, 3]);
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02"), madeByUnix, common, central, name]));
    locals.push(local);
    offset += local.length;
  }
  const directoryBytes = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directoryBytes.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directoryBytes, end]);
}

export function tarOf(files: Files): Promise<Buffer> {
  return tar(Object.entries(files).map(([name, bytes]) => ({ header: { name }, bytes })));
}

export async function tarGzOf(files: Files): Promise<Buffer> {
  return gzipSync(await tarOf(files));
}

export async function tar(
  entries: readonly { header: Partial<Header> & { name: string }; bytes?: Uint8Array }[],
): Promise<Buffer> {
  const stream = pack();
  for (const { header, bytes = new Uint8Array() } of entries) stream.entry(header, Buffer.from(bytes));
  stream.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
