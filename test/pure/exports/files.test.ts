import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import yauzl from "yauzl";
import { bytesOf, ExportFile } from "../../../src/exports/files/export-file.js";
import { StoredZip } from "../../../src/exports/files/stored-zip.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

const MODIFIED = new Date("2026-11-30T12:34:57Z");

async function written(file: string, write: (file: ExportFile) => Promise<void>): Promise<Buffer> {
  await using opened = await ExportFile.create(file);
  await write(opened);
  await opened.finish();
  return readFile(file);
}

async function* inPieces(...pieces: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece);
}

async function writeArchive(file: ExportFile): Promise<void> {
  const zip = new StoredZip(file, MODIFIED);
  await zip.add("labels.txt", Buffer.from("rose\ntulip\n"));
  await zip.add("ümlaut/花.bin", inPieces("one", "", "two"));
  await zip.add("empty", new Uint8Array());
  await zip.finish();
}

/** The entries of an archive, by a program of others, which checks their sizes. */
async function entriesOf(file: string) {
  const zip = await yauzl.openPromise(file, { lazyEntries: true, autoClose: false });
  const entries: { readonly entry: yauzl.Entry; readonly content: string }[] = [];
  for await (const entry of zip.eachEntry()) {
    const parts: Buffer[] = [];
    for await (const part of await zip.openReadStreamPromise(entry)) parts.push(part as Buffer);
    entries.push({ entry, content: Buffer.concat(parts).toString() });
  }
  zip.close();
  return entries;
}

test("a stored zip is opened by an unzip program, with names, sizes, time and content", async () => {
  await using temporary = await temporaryFolder();
  const file = path.join(temporary.folder, "a.zip");
  await written(file, writeArchive);
  const found = (await entriesOf(file)).map(({ entry, content }) => {
    assert.equal(entry.compressionMethod, 0);
    return [entry.fileName, content, entry.getLastModDate({ timezone: "UTC" })];
  });
  // A zip keeps even seconds.
  const modified = new Date("2026-11-30T12:34:56Z");
  assert.deepEqual(found, [
    ["labels.txt", "rose\ntulip\n", modified],
    ["ümlaut/花.bin", "onetwo", modified],
    ["empty", "", modified],
  ]);
});

test("the headers of a stored zip have the checksums of the content", async () => {
  await using temporary = await temporaryFolder();
  const bytes = await written(path.join(temporary.folder, "a.zip"), writeArchive);
  // CRC-32 of "rose\ntulip\n", by Python's zlib.
  assert.equal(bytes.readUInt32LE(14), 0x40ed0336);
  const central = bytes.indexOf(Buffer.of(0x50, 0x4b, 1, 2));
  assert.equal(bytes.readUInt32LE(central + 16), 0x40ed0336);
});

test("the bytes of a stored zip depend on its entries and its time alone", async () => {
  await using temporary = await temporaryFolder();
  const at = (name: string): string => path.join(temporary.folder, name);
  const first = await written(at("a.zip"), writeArchive);
  assert.deepEqual(await written(at("b.zip"), writeArchive), first);
});

test("a stored zip may follow other bytes in a file", async () => {
  await using temporary = await temporaryFolder();
  const file = path.join(temporary.folder, "model.bin");
  await written(file, async (opened) => {
    await opened.append(Buffer.from("a model before it"));
    await opened.align(16);
    await writeArchive(opened);
  });
  const [first] = await entriesOf(file);
  assert.equal(first?.content, "rose\ntulip\n");
});

test("an export file is appended to, aligned and written over, and must be new", async () => {
  await using temporary = await temporaryFolder();
  const file = path.join(temporary.folder, "file");
  const bytes = await written(file, async (opened) => {
    await opened.append(Buffer.from("abc"));
    await opened.align(8);
    assert.equal(opened.sizeBytes, 8);
    await opened.align(8);
    await opened.append(Buffer.from("d"));
    await opened.overwrite(1, Buffer.from("XY"));
    await assert.rejects(opened.overwrite(8, Buffer.from("12")), /within 9 bytes/);
  });
  assert.deepEqual(bytes, Buffer.from("aXY\0\0\0\0\0d"));
  // Models are private.
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  await assert.rejects(ExportFile.create(file), { code: "EEXIST" });
});

test("the bytes of numbers are those of their part of the buffer", () => {
  const numbers = Float32Array.of(1, 2, 3).subarray(1, 2);
  assert.deepEqual(bytesOf(numbers), Uint8Array.of(0, 0, 0, 0x40));
});
