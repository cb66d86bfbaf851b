import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import { AppError } from "../../../../src/core/app-error.js";
import { newId } from "../../../../src/core/ids.js";
import { UploadStore } from "../../../../src/data/imports/upload-store.js";
import { Uploads } from "../../../../src/data/imports/uploads.js";
import { openDataWorld } from "../../../testkit/data-world.js";
import { zipOf } from "../../../testkit/files/archives.js";
import { classFolders } from "../../../testkit/files/images.js";
import { createTestDatabase } from "../../../testkit/postgres/database.js";
import { rawSql } from "../../../testkit/postgres/raw-sql.js";
import { temporaryFolder } from "../../../testkit/temporary-folder.js";

const HELLO = Buffer.from("hello");
const HELLO_SHA256 = createHash("sha256").update(HELLO).digest("hex");

interface UploadWorld extends AsyncDisposable {
  readonly uploads: Uploads;
  readonly folder: string;
  /** Milliseconds by which the clock is ahead. */
  readonly clock: { aheadMs: number };
}

async function openUploads(uploadBytes = 1000): Promise<UploadWorld> {
  const temporary = await temporaryFolder();
  const testDatabase = await createTestDatabase();
  const clock = { aheadMs: 0 };
  const folder = path.join(temporary.folder, "uploads");
  const uploads = new Uploads({
    store: new UploadStore(testDatabase.database),
    folder,
    limits: { uploadBytes },
    now: () => new Date(Date.now() + clock.aheadMs),
  });
  return {
    uploads,
    folder,
    clock,
    async [Symbol.asyncDispose]() {
      await testDatabase[Symbol.asyncDispose]();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

async function* body(...chunks: (string | Uint8Array)[]): AsyncGenerator<Uint8Array, void> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const outcome: unknown = await work.catch((error: unknown) => error);
  return outcome instanceof AppError ? outcome.code : `no AppError: ${outcome}`;
}

const anything = { sizeBytes: null, sha256: null, tokenId: "tok_1" };

describe("an upload", () => {
  test("is received in chunks, measured and hashed, and can be read", async () => {
    await using world = await openUploads();
    const { uploadId, expiresAt } = await world.uploads.create({
      ...anything,
      sizeBytes: 5,
      sha256: HELLO_SHA256.toUpperCase(),
    });
    assert.ok(expiresAt.getTime() > Date.now());
    assert.deepEqual(await world.uploads.receive(uploadId, body("he", "", "llo")), {
      sizeBytes: 5,
      sha256: HELLO_SHA256,
    });
    assert.deepEqual(Buffer.from(await world.uploads.readBytes(uploadId, 5)), HELLO);
    assert.equal((await stat(await world.uploads.pathOf(uploadId))).mode & 0o777, 0o600);
    assert.equal(await codeOf(world.uploads.readBytes(uploadId, 4)), "UPLOAD_TOO_LARGE");
    assert.equal(await codeOf(world.uploads.receive(uploadId, body("again"))), "UPLOAD_ALREADY_COMPLETE");
  });

  test("that is too large is refused while it is received", async () => {
    await using world = await openUploads(10);
    assert.equal(await codeOf(world.uploads.create({ ...anything, sizeBytes: 11 })), "UPLOAD_TOO_LARGE");
    const { uploadId } = await world.uploads.create(anything);
    let sent = 0;
    const endless = (async function* () {
      while (true) {
        sent++;
        yield Buffer.from("four");
      }
    })();
    assert.equal(await codeOf(world.uploads.receive(uploadId, endless)), "UPLOAD_TOO_LARGE");
    assert.equal(sent, 3);
    assert.deepEqual(await readdir(path.join(world.folder, "partial")), [], "nothing is left of it");
  });

  test("that differs from its announcement is refused and can be sent again", async () => {
    await using world = await openUploads();
    const { uploadId } = await world.uploads.create({ ...anything, sizeBytes: 5, sha256: HELLO_SHA256 });
    for (const wrong of [["hell"], ["hello", "o"], ["HELLO"], []]) {
      assert.equal(await codeOf(world.uploads.receive(uploadId, body(...wrong))), "UPLOAD_MISMATCH");
      assert.equal(await codeOf(world.uploads.readBytes(uploadId, 100)), "UPLOAD_INCOMPLETE");
    }
    await world.uploads.receive(uploadId, body("hello"));
    assert.deepEqual(Buffer.from(await world.uploads.readBytes(uploadId, 5)), HELLO);
  });

  test("whose connection breaks leaves no file and can be sent again", async () => {
    await using world = await openUploads();
    const { uploadId } = await world.uploads.create(anything);
    const breaking = (async function* () {
      yield Buffer.from("he");
      throw new Error("connection reset");
    })();
    await assert.rejects(world.uploads.receive(uploadId, breaking), /connection reset/);
    assert.deepEqual(await readdir(path.join(world.folder, "partial")), []);
    await world.uploads.receive(uploadId, body("hello"));
  });

  test("accepts the bytes of one sender at a time", async () => {
    await using world = await openUploads();
    const { uploadId } = await world.uploads.create(anything);
    const gate = Promise.withResolvers<void>();
    const slow = (async function* () {
      yield Buffer.from("hel");
      await gate.promise;
      yield Buffer.from("lo");
    })();
    const first = world.uploads.receive(uploadId, slow);
    // The first request has begun when its file exists.
    while ((await readdir(path.join(world.folder, "partial")).catch(() => [])).length === 0);
    assert.equal(await codeOf(world.uploads.receive(uploadId, body("other"))), "UPLOAD_IN_PROGRESS");
    gate.resolve();
    await first;
    assert.deepEqual(Buffer.from(await world.uploads.readBytes(uploadId, 5)), HELLO);
  });

  test("that was not announced, or whose id is a path, is not found", async () => {
    await using world = await openUploads();
    for (const id of ["upl_00000000000000000000000000", "../../etc/passwd", "", "partial"]) {
      assert.equal(await codeOf(world.uploads.receive(id, body("x"))), "UPLOAD_NOT_FOUND");
      assert.equal(await codeOf(world.uploads.pathOf(id)), "UPLOAD_NOT_FOUND");
    }
  });

  test("is announced with a valid size and digest", async () => {
    await using world = await openUploads();
    for (const wrong of [
      { sizeBytes: -1 },
      { sizeBytes: 1.5 },
      { sha256: "abc" },
      { sha256: `${"0".repeat(63)}g` },
    ]) {
      assert.equal(await codeOf(world.uploads.create({ ...anything, ...wrong })), "UPLOAD_INVALID");
    }
  });

  test("expires, and its bytes are removed", async () => {
    await using world = await openUploads();
    const { uploadId } = await world.uploads.create(anything);
    await world.uploads.receive(uploadId, body("hello"));
    await world.uploads.removeExpired();
    assert.equal((await readdir(world.folder)).length, 2);
    world.clock.aheadMs = 25 * 60 * 60 * 1000;
    assert.equal(await codeOf(world.uploads.readBytes(uploadId, 5)), "UPLOAD_EXPIRED");
    await world.uploads.removeExpired();
    assert.deepEqual(await readdir(world.folder), ["partial"]);
    assert.equal(await codeOf(world.uploads.readBytes(uploadId, 5)), "UPLOAD_NOT_FOUND");
  });
});

test("an expired upload stays while an unfinished import reads it", async () => {
  await using world = await openDataWorld();
  const uploadId = await world.upload(zipOf(await classFolders({ daisy: 3, rose: 3 })));
  const versionId = await world.imports.create({
    versionId: newId("datasetVersion"),
    dataset: "flowers",
    description: null,
    source: { uploadId },
    split: { validation: 0.2, test: 0.2, seed: 0 },
    idempotency: null,
  });
  await rawSql(world.database, "UPDATE upload SET expires_at = now() - interval '1 hour'");
  await world.uploads.removeExpired();
  assert.ok((await stat(await world.uploads.pathOfBegun(uploadId))).size > 0);
  await world.imports.fail(versionId, "IMPORT_FAILED", "ended by the test");
  await world.uploads.removeExpired();
  assert.equal(await codeOf(world.uploads.pathOfBegun(uploadId)), "UPLOAD_NOT_FOUND");
});
