import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { open, readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { ModelArchives } from "../../../src/registry/model-archive.js";
import type { ModelVersionRecord } from "../../../src/registry/model-records.js";
import {
  createRegistryWorld,
  noiseImages,
  type RegistryWorld,
  type TrainedRun,
  trainTinyRun,
} from "../../testkit/registry-world.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";
import { TINY_CONFIGURATION } from "../../testkit/trained-run.js";

const IMAGES = noiseImages(5, TINY_CONFIGURATION.imageSizePixels, 99);

let world: RegistryWorld;
let run: TrainedRun;

before(async () => {
  world = await createRegistryWorld();
  run = await trainTinyRun(world, IMAGES);
});

after(() => world[Symbol.asyncDispose]());

function register(model: string): Promise<ModelVersionRecord> {
  return world.registry.register({ model, runId: run.runId, description: null, idempotencyKey: null });
}

test("the archive of a version is unpacked by tar into the files that were registered", async () => {
  // The longest name, with which the paths of the files are longer than the name field of a tar.
  const model = `a${"bcdefghij".repeat(6)}._-x`;
  const version = await register(model);
  await using temporary = await temporaryFolder();
  const archives = new ModelArchives(world.models, world.registry);
  const { fileName, sizeBytes, sha256, content } = await archives.open(version.id);
  assert.equal(fileName, `${model}-1.tar`);
  const file = path.join(temporary.folder, fileName);
  await pipeline(content(), createWriteStream(file));
  const bytes = await readFile(file);
  assert.deepEqual([bytes.length, createHash("sha256").update(bytes).digest("hex")], [sizeBytes, sha256]);

  await promisify(execFile)("tar", ["-xf", file, "-C", temporary.folder]);
  const unpacked = path.join(temporary.folder, `${model}-1`);
  const registered = world.registry.folderOf(version.id);
  const names = (await readdir(registered, { recursive: true })).sort();
  assert.deepEqual((await readdir(unpacked, { recursive: true })).sort(), names);
  for (const name of names.filter((one) => one !== "variables")) {
    assert.deepEqual(await readFile(path.join(unpacked, name)), await readFile(path.join(registered, name)));
  }
});

test("the archive of a version has the same bytes each time, in every process", async () => {
  const version = await register("same");
  const digests = new Set<string>();
  for (let process = 0; process < 2; process++) {
    const archives = new ModelArchives(world.models, world.registry);
    const { sha256, sizeBytes, content } = await archives.open(version.id);
    assert.deepEqual(
      [await archives.sha256(version), await archives.sizeBytes(version)],
      [sha256, sizeBytes],
    );
    const hash = createHash("sha256");
    for await (const chunk of content()) hash.update(chunk);
    digests.add(sha256).add(hash.digest("hex"));
  }
  assert.equal(digests.size, 1);
});

test("a reader that stops early leaves no file open, and a file that is cut off while it is read is an error", async () => {
  const version = await register("interrupted");
  const archives = new ModelArchives(world.models, world.registry);
  const { content } = await archives.open(version.id);
  for await (const _chunk of content()) break;

  const cut = await archives.open(version.id);
  await using weights = await open(
    path.join(world.registry.folderOf(version.id), "variables/variables.data-00000-of-00001"),
    "r+",
  );
  await weights.truncate(1000);
  await assert.rejects(async () => {
    for await (const _chunk of cut.content());
  }, /Size mismatch/);
});

test("a version whose files changed or are gone has no archive", async () => {
  const version = await register("damaged");
  const archives = new ModelArchives(world.models, world.registry);
  const manifest = path.join(world.registry.folderOf(version.id), "espalier.json");
  await using file = await open(manifest, "r+");
  await file.write(" ", 0);
  await assert.rejects(archives.open(version.id), { code: "MODEL_DAMAGED" });
  await assert.rejects(archives.sha256(version), { code: "MODEL_DAMAGED" });
  await rm(world.registry.folderOf(version.id), { recursive: true });
  await assert.rejects(archives.sizeBytes(version), { code: "MODEL_DAMAGED" });
  for (const id of ["mdv_00000000000000000000000000", "../secret", run.runId]) {
    await assert.rejects(archives.open(id), { code: "MODEL_VERSION_NOT_FOUND" });
  }
});
