import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import { AppError } from "../../../../src/core/app-error.js";
import { readSampleImage } from "../../../../src/data/versions/sample-image.js";
import {
  composeDataWorld,
  type DataWorld,
  followImport,
  openDataWorld,
} from "../../../testkit/data-world.js";
import { tarGzOf, tarOf, zip, zipOf } from "../../../testkit/files/archives.js";
import {
  brokenFiles,
  classFolders,
  type Files,
  imageFile,
  writeFiles,
} from "../../../testkit/files/images.js";
import { SMALL_LIMITS } from "../../../testkit/limits.js";

const FLOWERS = await classFolders({ daisy: 10, rose: 7, tulip: 4 });
const EVERYTHING = { first: 200, after: null };

function below(folder: string, files: Files): Files {
  return Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${folder}/${name}`, bytes]));
}

async function refusal(work: Promise<unknown>): Promise<string> {
  const outcome: unknown = await work.catch((error: unknown) => error);
  assert.ok(outcome instanceof AppError, `expected a refusal, got ${outcome}`);
  return outcome.code;
}

function request(
  source: { uploadId: string } | { folder: string },
  key: string | null = null,
  dataset = "flowers",
) {
  return {
    dataset,
    description: null,
    source,
    split: { validation: 0.2, test: 0.2, seed: 0 },
    idempotencyKey: key,
  };
}

describe("an import", () => {
  test("of a folder, a zip, a tar and a tar.gz gives versions with equal hashes", async () => {
    await using world = await openDataWorld();
    await writeFiles(path.join(world.importRoot, "flowers"), FLOWERS);
    const sources = [
      { folder: "flowers" },
      { uploadId: await world.upload(zipOf(FLOWERS)) },
      { uploadId: await world.upload(zipOf(below("photos/of flowers", FLOWERS))) },
      { uploadId: await world.upload(await tarOf(FLOWERS)) },
      { uploadId: await world.upload(await tarGzOf(FLOWERS)) },
    ];
    const hashes = new Set<string | null>();
    for (const [index, source] of sources.entries()) {
      const version = await world.import({ dataset: `flowers-${index}`, source });
      assert.equal(version.status, "READY", version.failureMessage ?? "");
      assert.deepEqual(version.classNames, ["daisy", "rose", "tulip"]);
      assert.equal(version.sampleCount, 21);
      assert.equal(version.quarantinedCount, 0);
      hashes.add(version.hash);
    }
    assert.equal(hashes.size, 1);
  });

  test("stores the bytes, size, class and split of every image", async () => {
    await using world = await openDataWorld();
    const version = await world.import({ source: { uploadId: await world.upload(zipOf(FLOWERS)) } });
    const samples = await world.datasets.allSamples(version.id);
    assert.deepEqual(
      samples.map(({ position }) => position),
      samples.map((_, index) => index),
    );
    for (const sample of samples) {
      assert.deepEqual(
        Buffer.from(await readSampleImage(world.blobs, sample)),
        Buffer.from(FLOWERS[sample.sourceName] ?? []),
      );
      assert.deepEqual([sample.widthPixels, sample.heightPixels], [24, 16]);
      assert.equal(sample.sourceName.split("/")[0], sample.className);
    }
    assert.deepEqual(await world.datasets.classCounts(version.id), [
      { index: 0, name: "daisy", train: 6, validation: 2, test: 2 },
      { index: 1, name: "rose", train: 4, validation: 2, test: 1 },
      { index: 2, name: "tulip", train: 2, validation: 1, test: 1 },
    ]);
  });

  test("skips files that cannot be used, and lists each with its reason", async () => {
    await using world = await openDataWorld(SMALL_LIMITS);
    const broken = await brokenFiles();
    const files = {
      ...FLOWERS,
      ...Object.fromEntries(Object.entries(broken).map(([reason, bytes]) => [`daisy/${reason}.jpg`, bytes])),
      "rose/stolen.png": FLOWERS["daisy/0.png"] ?? new Uint8Array(),
      "beside.png": await imageFile(900),
    };
    for (const [kind, archive] of Object.entries({ zip: zipOf(files), tar: await tarOf(files) })) {
      const version = await world.import({
        dataset: kind,
        source: { uploadId: await world.upload(archive) },
      });
      assert.equal(version.status, "READY", version.failureMessage ?? "");
      const { items, totalCount } = await world.datasets.listQuarantine(version.id, EVERYTHING);
      const reasons = items.map(({ node }) => [node.sourceName, node.reason]);
      const expected = [
        ["beside.png", "OUTSIDE_CLASS_FOLDERS"],
        ["daisy/0.png", "CONFLICTING_LABEL"],
        ...Object.keys(broken).map((reason) => [`daisy/${reason}.jpg`, reason]),
        ["rose/stolen.png", "CONFLICTING_LABEL"],
      ].sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
      assert.deepEqual(reasons, expected, kind);
      assert.equal(await totalCount(), expected.length);
      assert.equal(version.quarantinedCount, expected.length);
      assert.equal(version.sampleCount, 20);
      assert.ok(items.every(({ node }) => node.detail.length > 0));
    }
  });

  test("that cannot give a version ends as FAILED with the code of the reason", async () => {
    await using world = await openDataWorld();
    const cases: Record<string, Uint8Array> = {
      ARCHIVE_UNSUPPORTED: Buffer.from("no archive at all"),
      ARCHIVE_DAMAGED: zipOf(FLOWERS).subarray(0, 2000),
      ARCHIVE_UNSAFE: zip([{ name: "../evil.png", bytes: await imageFile(1) }]),
      NO_IMAGES: zipOf({ "daisy/notes.txt": Buffer.from("none yet") }),
      NO_CLASSES: zipOf({ "one.png": await imageFile(1), "two.png": await imageFile(2) }),
    };
    for (const [code, archive] of Object.entries(cases)) {
      const version = await world.import({ source: { uploadId: await world.upload(archive) } });
      assert.equal(version.status, "FAILED");
      assert.equal(version.failureCode, code, version.failureMessage ?? "");
      assert.ok((version.failureMessage ?? "").length > 20);
      assert.equal(version.hash, null);
    }
    assert.equal(
      await world.datasets.findVersionByRef("flowers"),
      null,
      "a failed version is never the latest",
    );
    assert.equal((await world.datasets.findVersionByRef("flowers:2"))?.status, "FAILED");
  });

  test("with an invalid request is refused before it begins, and changes nothing", async () => {
    await using world = await openDataWorld();
    const source = { uploadId: await world.upload(zipOf(FLOWERS)) };
    const { uploadId: open } = await world.uploads.create({
      sizeBytes: null,
      sha256: null,
      tokenId: "tok_test",
    });
    const good = request(source);
    const cases: [string, Parameters<typeof world.importer.start>[0]][] = [
      ["NAME_INVALID", { ...good, dataset: "no spaces" }],
      ["NAME_INVALID", { ...good, dataset: "flowers:3" }],
      ["SPLIT_RATIOS_INVALID", { ...good, split: { validation: 0.6, test: 0.6, seed: 0 } }],
      ["SPLIT_SEED_INVALID", { ...good, split: { validation: 0.1, test: 0.1, seed: 0.5 } }],
      ["FOLDER_NOT_ALLOWED", { ...good, source: { folder: "/etc" } }],
      ["FOLDER_NOT_ALLOWED", { ...good, source: { folder: ".." } }],
      ["UPLOAD_NOT_FOUND", { ...good, source: { uploadId: "../../etc/passwd" } }],
      ["UPLOAD_NOT_FOUND", { ...good, source: { uploadId: "upl_00000000000000000000000000" } }],
      ["UPLOAD_INCOMPLETE", { ...good, source: { uploadId: open } }],
      ["IDEMPOTENCY_KEY_INVALID", { ...good, idempotencyKey: "" }],
    ];
    for (const [code, input] of cases) assert.equal(await refusal(world.importer.start(input)), code);
    const absent = { uploadId: "upl_00000000000000000000000000" };
    await assert.rejects(world.importer.start({ ...good, source: absent }), {
      code: "UPLOAD_NOT_FOUND",
      path: ["source", "uploadId"],
    });
    assert.equal(await world.database.prisma.dataset.count(), 0);
  });
});

describe("versions of a dataset", () => {
  test("are numbered from 1 without gaps, even when many imports start at the same time", async () => {
    await using world = await openDataWorld();
    const source = { uploadId: await world.upload(zipOf(FLOWERS)) };
    const started = await Promise.all(Array.from({ length: 8 }, () => world.importer.start(request(source))));
    assert.deepEqual(
      started.map(({ number }) => number).sort((a, b) => a - b),
      [1, 2, 3, 4, 5, 6, 7, 8],
    );
    await Promise.all(started.map(({ id }) => followImport(world.importer, id)));
    const versions = await world.datasets.findVersions(started.map(({ id }) => id));
    assert.ok(versions.every(({ status }) => status === "READY"));
    assert.equal(new Set(versions.map(({ hash }) => hash)).size, 1);
    assert.equal((await world.datasets.findVersionByRef("flowers"))?.number, 8);
  });

  test("keep the split of every earlier image, by its content, when images are added", async () => {
    await using world = await openDataWorld();
    const added = await classFolders({ daisy: 5, rose: 3, tulip: 9 }, 500);
    const renamed = Object.fromEntries(
      Object.entries(added).map(([name, bytes]) => [name.replace("/", "/new-"), bytes]),
    );
    const first = await world.import({ source: { uploadId: await world.upload(zipOf(FLOWERS)) } });
    const moved = below("wrapped", { ...FLOWERS, ...renamed });
    const second = await world.import({ source: { uploadId: await world.upload(zipOf(moved)) } });
    assert.equal(second.number, 2);
    assert.equal(second.sampleCount, 38);
    const splitOf = new Map(
      (await world.datasets.allSamples(second.id)).map((s) => [s.contentHash, s.split]),
    );
    for (const sample of await world.datasets.allSamples(first.id)) {
      assert.equal(splitOf.get(sample.contentHash), sample.split, sample.sourceName);
    }
    const otherSeed = await world.import({
      source: { uploadId: await world.upload(zipOf(FLOWERS)) },
      seed: 1,
    });
    assert.notEqual(otherSeed.hash, first.hash);
    const again = await world.import({ source: { uploadId: await world.upload(zipOf(FLOWERS)) } });
    assert.equal(again.hash, first.hash, "the same images come back to the same splits");
  });

  test("are found by reference", async () => {
    await using world = await openDataWorld();
    const source = { uploadId: await world.upload(zipOf(FLOWERS)) };
    const first = await world.import({ source });
    const second = await world.import({ source });
    const idOf = async (ref: string) => (await world.datasets.findVersionByRef(ref))?.id ?? null;
    assert.equal(await idOf("flowers"), second.id);
    assert.equal(await idOf("flowers:1"), first.id);
    for (const ref of [
      "flowers:3",
      "flowers:0",
      "flowers:01",
      "flowers:99999999999",
      "rose",
      "",
      ":1",
      "flowers:1:1",
    ]) {
      assert.equal(await idOf(ref), null, ref);
    }
  });

  test("set the description of the dataset when one is given", async () => {
    await using world = await openDataWorld();
    const input = request({ uploadId: await world.upload(zipOf(FLOWERS)) });
    const described = async () => (await world.datasets.findDatasetByName("flowers"))?.description;
    await world.importer.start({ ...input, description: "from the garden" });
    assert.equal(await described(), "from the garden");
    await world.importer.start(input);
    assert.equal(await described(), "from the garden");
    await world.importer.start({ ...input, description: "from the park" });
    assert.equal(await described(), "from the park");
  });
});

describe("an idempotency key", () => {
  test("makes fifty concurrent requests create one version", async () => {
    await using world = await openDataWorld();
    const source = { uploadId: await world.upload(zipOf(FLOWERS)) };
    const started = await Promise.all(
      Array.from({ length: 50 }, () => world.importer.start(request(source, "once"))),
    );
    assert.equal(new Set(started.map(({ id }) => id)).size, 1);
    assert.equal(await world.database.prisma.datasetVersion.count(), 1);
    const [version] = started;
    await followImport(world.importer, version?.id ?? "");
    const later = await world.importer.start(request(source, "once"));
    assert.equal(later.status, "READY", "a repeated request sees how far it is");
  });

  test("is refused for another request, even a concurrent one for another dataset", async () => {
    await using world = await openDataWorld();
    const source = { uploadId: await world.upload(zipOf(FLOWERS)) };
    const outcomes = await Promise.all(
      ["flowers", "roses", "tulips"].map((dataset) =>
        world.importer.start(request(source, "once", dataset)).then(
          () => "started",
          (error: unknown) => (error instanceof AppError ? error.code : String(error)),
        ),
      ),
    );
    assert.deepEqual(outcomes.sort(), ["IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_KEY_REUSED", "started"]);
    assert.equal(await world.database.prisma.dataset.count(), 1, "a refused request makes no dataset");
  });
});

describe("the events of an import", () => {
  async function importMany(world: DataWorld): Promise<string> {
    const files = await classFolders({ daisy: 60, rose: 60 });
    return (await world.importer.start(request({ uploadId: await world.upload(zipOf(files)) }))).id;
  }

  test("are progress with cursors, then one end, and are replayed from any cursor", async () => {
    await using world = await openDataWorld();
    const id = await importMany(world);
    const events = await followImport(world.importer, id);
    const last = events.at(-1);
    assert.equal(last?.kind, "ImportFinished");
    assert.deepEqual([last?.sequence, last?.cursor], [1, "1"]);
    const progress = events.slice(0, -1);
    assert.ok(progress.length >= 1);
    for (const event of progress) {
      assert.ok(event.kind === "ImportProgress" && event.filesTotal === 120 && event.filesDone <= 120);
      assert.equal(event.sequence, 0);
    }
    assert.equal(new Set(events.map(({ cursor }) => cursor)).size, events.length);
    assert.deepEqual(
      (await followImport(world.importer, id, progress[0]?.cursor)).map(({ kind }) => kind),
      ["ImportFinished"],
    );
    assert.deepEqual(await followImport(world.importer, id, "1"), [], "nothing comes after the end");
  });

  test("reach many followers, and end for a follower that leaves", async () => {
    await using world = await openDataWorld();
    const id = await importMany(world);
    const leave = new AbortController();
    const left = (async () => {
      for await (const _ of world.importer.follow(id, null, leave.signal)) leave.abort();
    })();
    const followers = await Promise.all(Array.from({ length: 5 }, () => followImport(world.importer, id)));
    await left;
    for (const events of followers) assert.equal(events.at(-1)?.kind, "ImportFinished");
  });

  test("need an existing version and a cursor of its events", async () => {
    await using world = await openDataWorld();
    const id = await importMany(world);
    assert.equal(await refusal(followImport(world.importer, "dsv_unknown")), "DATASET_VERSION_NOT_FOUND");
    for (const cursor of ["", "2", "x", "0.", "0.x", "-1"]) {
      assert.equal(await refusal(followImport(world.importer, id, cursor)), "CURSOR_INVALID", cursor);
    }
    await followImport(world.importer, id);
  });

  test("of a tar have no total before its end", async () => {
    await using world = await openDataWorld();
    const files = await classFolders({ daisy: 40, rose: 40 });
    const { id } = await world.importer.start(request({ uploadId: await world.upload(await tarOf(files)) }));
    for (const event of await followImport(world.importer, id)) {
      if (event.kind === "ImportProgress") assert.equal(event.filesTotal, null);
    }
  });
});

test("a stopped import continues after the next start", async () => {
  await using world = await openDataWorld();
  await mkdir(path.join(world.importRoot, "flowers"));
  await writeFiles(path.join(world.importRoot, "flowers"), FLOWERS);
  const { id } = await world.importer.start(request({ folder: "flowers" }));
  await world.importer[Symbol.asyncDispose]();
  const [stopped] = await world.datasets.findVersions([id]);
  assert.match(stopped?.status ?? "", /IMPORTING|READY/);
  await using next = await composeDataWorld(world.config.homeFolder, world.database, world.databaseUrl);
  await next.importer.recover();
  await followImport(next.importer, id);
  assert.equal((await next.datasets.findVersions([id]))[0]?.status, "READY");
});
