import assert from "node:assert/strict";
import { appendFile, readdir, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { FolderBlobStore } from "../../../../src/data/blobs/folder-blob-store.js";
import { temporaryFolder } from "../../../testkit/temporary-folder.js";

const HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

const GREETING = { name: 'The greeting "hello"', remedy: "Say it again." };
const MISSING = {
  code: "BLOB_MISSING",
  message: `The greeting "hello" is missing: there is no blob ${HELLO}. Say it again.`,
};
const DAMAGED = {
  code: "BLOB_DAMAGED",
  message:
    `The greeting "hello" is damaged: the blob ${HELLO} no longer has the content it was stored with. ` +
    "Say it again.",
};

test("a blob is found by the SHA-256 of its bytes, and stored once", async () => {
  await using temporary = await temporaryFolder();
  const blobs = new FolderBlobStore(temporary.folder);
  const keys = await Promise.all(Array.from({ length: 20 }, () => blobs.put(Buffer.from("hello"))));
  assert.deepEqual(new Set(keys), new Set([HELLO]));
  assert.equal(Buffer.from(await blobs.read(HELLO, GREETING)).toString(), "hello");
  assert.equal(await blobs.has(HELLO), true);
  assert.deepEqual(await readdir(path.join(temporary.folder, "partial")), []);
  assert.deepEqual(await readdir(path.join(temporary.folder, "2c")), [HELLO]);
});

test("errors say what is missing or damaged, and storing a blob again repairs it", async () => {
  await using temporary = await temporaryFolder();
  const blobs = new FolderBlobStore(temporary.folder);
  await assert.rejects(blobs.read(HELLO, GREETING), MISSING);
  assert.equal(await blobs.has(HELLO), false);
  await blobs.put(Buffer.from("hello"));
  await appendFile(blobs.pathOf(HELLO), "!");
  await assert.rejects(blobs.read(HELLO, GREETING), DAMAGED);
  await blobs.put(Buffer.from("hello"));
  assert.equal(Buffer.from(await blobs.read(HELLO, GREETING)).toString(), "hello");
});

test("a name that is not a SHA-256 never becomes a path", async () => {
  await using temporary = await temporaryFolder();
  const blobs = new FolderBlobStore(temporary.folder);
  for (const name of ["../../etc/passwd", "", HELLO.toUpperCase(), `${HELLO}/..`]) {
    assert.throws(() => blobs.pathOf(name), /Not a SHA-256/);
  }
});

test("unfinished files of a killed process are removed when they are old", async () => {
  await using temporary = await temporaryFolder();
  const blobs = new FolderBlobStore(temporary.folder);
  await blobs.put(Buffer.from("hello"));
  const partial = path.join(temporary.folder, "partial");
  await writeFile(path.join(partial, "old"), "x");
  await writeFile(path.join(partial, "new"), "x");
  await utimes(path.join(partial, "old"), new Date(0), new Date(0));
  await blobs.removeAbandoned();
  assert.deepEqual(await readdir(partial), ["new"]);
  assert.equal(await blobs.has(HELLO), true);
});

test("a stream is stored as its bytes are, and its blob can be verified without being read whole", async () => {
  await using temporary = await temporaryFolder();
  const blobs = new FolderBlobStore(temporary.folder);
  await assert.rejects(blobs.verify(HELLO, GREETING), MISSING);
  assert.equal(await blobs.putStream(Readable.from([Buffer.from("hel"), Buffer.from("lo")])), HELLO);
  await blobs.verify(HELLO, GREETING);
  assert.equal(Buffer.from(await blobs.read(HELLO, GREETING)).toString(), "hello");
  assert.deepEqual(await readdir(path.join(temporary.folder, "partial")), []);
  await appendFile(blobs.pathOf(HELLO), "!");
  await assert.rejects(blobs.verify(HELLO, GREETING), DAMAGED);
});

test("a stream that breaks off leaves no file", async () => {
  await using temporary = await temporaryFolder();
  const blobs = new FolderBlobStore(temporary.folder);
  const broken = async function* (): AsyncGenerator<Uint8Array, void> {
    yield Buffer.from("hel");
    throw new Error("cut off");
  };
  await assert.rejects(blobs.putStream(broken()), /cut off/);
  assert.deepEqual(await readdir(temporary.folder, { recursive: true }), ["partial"]);
});
