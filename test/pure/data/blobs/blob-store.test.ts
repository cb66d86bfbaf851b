import assert from "node:assert/strict";
import { appendFile, readdir, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { AppError } from "../../../../src/core/app-error.js";
import { BlobStore } from "../../../../src/data/blobs/blob-store.js";
import { temporaryFolder } from "../../../testkit/temporary-folder.js";

const HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

async function codeOf(work: Promise<unknown>): Promise<string> {
  const outcome: unknown = await work.catch((error: unknown) => error);
  return outcome instanceof AppError ? outcome.code : String(outcome);
}

test("a blob is found by the SHA-256 of its bytes, and kept once", async () => {
  await using temporary = await temporaryFolder();
  const blobs = new BlobStore(temporary.folder);
  const keys = await Promise.all(Array.from({ length: 20 }, () => blobs.put(Buffer.from("hello"))));
  assert.deepEqual(new Set(keys), new Set([HELLO]));
  assert.equal(Buffer.from(await blobs.read(HELLO)).toString(), "hello");
  assert.equal(await blobs.has(HELLO), true);
  assert.deepEqual(await readdir(path.join(temporary.folder, "partial")), []);
  assert.deepEqual(await readdir(path.join(temporary.folder, "2c")), [HELLO]);
});

test("a missing blob and a damaged one are told apart, and writing it again mends it", async () => {
  await using temporary = await temporaryFolder();
  const blobs = new BlobStore(temporary.folder);
  assert.equal(await codeOf(blobs.read(HELLO)), "BLOB_MISSING");
  assert.equal(await blobs.has(HELLO), false);
  await blobs.put(Buffer.from("hello"));
  await appendFile(blobs.pathOf(HELLO), "!");
  assert.equal(await codeOf(blobs.read(HELLO)), "BLOB_DAMAGED");
  await blobs.put(Buffer.from("hello"));
  assert.equal(Buffer.from(await blobs.read(HELLO)).toString(), "hello");
});

test("a name that is no SHA-256 never becomes a path", async () => {
  await using temporary = await temporaryFolder();
  const blobs = new BlobStore(temporary.folder);
  for (const name of ["../../etc/passwd", "", HELLO.toUpperCase(), `${HELLO}/..`]) {
    assert.throws(() => blobs.pathOf(name), /Not a SHA-256/);
  }
});

test("what a killed process left unfinished is removed once it is old", async () => {
  await using temporary = await temporaryFolder();
  const blobs = new BlobStore(temporary.folder);
  await blobs.put(Buffer.from("hello"));
  const partial = path.join(temporary.folder, "partial");
  await writeFile(path.join(partial, "old"), "x");
  await writeFile(path.join(partial, "new"), "x");
  await utimes(path.join(partial, "old"), new Date(0), new Date(0));
  await blobs.removeAbandoned();
  assert.deepEqual(await readdir(partial), ["new"]);
  assert.equal(await blobs.has(HELLO), true);
});

test("a stream is kept as its bytes are, and its digest tells when they have changed", async () => {
  await using temporary = await temporaryFolder();
  const blobs = new BlobStore(temporary.folder);
  assert.equal(await blobs.digest(HELLO), null);
  assert.equal(await blobs.putStream(Readable.from([Buffer.from("hel"), Buffer.from("lo")])), HELLO);
  assert.equal(await blobs.digest(HELLO), HELLO);
  assert.equal(Buffer.from(await blobs.read(HELLO)).toString(), "hello");
  assert.deepEqual(await readdir(path.join(temporary.folder, "partial")), []);
  await appendFile(blobs.pathOf(HELLO), "!");
  assert.notEqual(await blobs.digest(HELLO), HELLO);
});

test("a stream that breaks off leaves nothing", async () => {
  await using temporary = await temporaryFolder();
  const blobs = new BlobStore(temporary.folder);
  const broken = async function* (): AsyncGenerator<Uint8Array, void> {
    yield Buffer.from("hel");
    throw new Error("cut off");
  };
  await assert.rejects(blobs.putStream(broken()), /cut off/);
  assert.deepEqual(await readdir(temporary.folder, { recursive: true }), ["partial"]);
});
