import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../../../src/core/app-error.js";
import { encodeCursor } from "../../../../src/core/cursor.js";
import type { PageRequest } from "../../../../src/core/page.js";
import { assertPages, walkForward } from "../../../testkit/api/page-walk.js";
import { type DataWorld, openDataWorld } from "../../../testkit/data-world.js";
import { zipOf } from "../../../testkit/files/archives.js";
import { classFolders } from "../../../testkit/files/images.js";

async function openFlowers(): Promise<DataWorld & { versionId: string }> {
  const world = await openDataWorld();
  const files = {
    ...(await classFolders({ daisy: 10, rose: 7 })),
    "daisy/a.txt": Buffer.from("x"),
    "daisy/b.txt": Buffer.from("y"),
  };
  const version = await world.import({ source: { uploadId: await world.upload(zipOf(files)) } });
  return { ...world, versionId: version.id };
}

test("samples are listed by position, each once, whatever the size of the pages", async () => {
  await using world = await openFlowers();
  const everything = await world.datasets.allSamples(world.versionId);
  assert.equal(everything.length, 17);
  const all = { className: null, split: null };
  await assertPages(
    (page) => world.datasets.listSamples(world.versionId, all, page),
    everything,
    [1, 4, 17, 200],
  );
});

test("samples are filtered by class and split, and counted", async () => {
  await using world = await openFlowers();
  const everything = await world.datasets.allSamples(world.versionId);
  for (const className of [null, "daisy", "rose", "unknown"]) {
    for (const split of [null, "TRAIN", "VALIDATION", "TEST"] as const) {
      const expected = everything.filter(
        (sample) =>
          (className === null || sample.className === className) &&
          (split === null || sample.split === split),
      );
      const filter = { className, split };
      const read = (page: PageRequest) => world.datasets.listSamples(world.versionId, filter, page);
      assert.equal(await (await read({ first: 1 })).totalCount(), expected.length);
      await assertPages(read, expected, [2]);
    }
  }
});

test("samples are found by id, and unknown ids are ignored", async () => {
  await using world = await openFlowers();
  const [first, second] = await world.datasets.allSamples(world.versionId);
  const found = await world.datasets.findSamples([second?.id ?? "", "smp_unknown", first?.id ?? ""]);
  assert.deepEqual(new Set(found.map(({ id }) => id)), new Set([first?.id, second?.id]));
});

test("quarantined files are listed by name", async () => {
  await using world = await openFlowers();
  const read = (page: PageRequest) => world.datasets.listQuarantine(world.versionId, page);
  const files = await walkForward(read, 1);
  assert.deepEqual(
    files.map(({ sourceName }) => sourceName),
    ["daisy/a.txt", "daisy/b.txt"],
  );
  await assertPages(read, files);
  assert.equal(await (await read({ first: 1 })).totalCount(), 2);
});

test("datasets and versions are listed newest first, and new ones do not disturb a reader", async () => {
  await using world = await openDataWorld();
  const at = new Date("2026-01-02T03:04:05.678Z");
  // Equal times, so that the ids decide.
  for (let n = 0; n < 5; n++) {
    await world.database.prisma.dataset.create({ data: { id: `ds_${n}`, name: `set-${n}`, createdAt: at } });
  }
  const page = await world.datasets.listDatasets({ first: 2, after: null });
  assert.deepEqual(
    page.items.map(({ node }) => node.name),
    ["set-4", "set-3"],
  );
  await world.database.prisma.dataset.create({ data: { id: "ds_new", name: "new" } });
  const rest = await world.datasets.listDatasets({ first: 10, after: page.items[1]?.cursor ?? null });
  assert.deepEqual(
    rest.items.map(({ node }) => node.name),
    ["set-2", "set-1", "set-0"],
  );
  assert.equal(await rest.hasNextPage(), false);
  const read = (request: PageRequest) => world.datasets.listDatasets(request);
  const sets = await walkForward(read, 1);
  assert.deepEqual(
    sets.map(({ name }) => name),
    ["new", "set-4", "set-3", "set-2", "set-1", "set-0"],
  );
  await assertPages(read, sets);
  assert.equal(await (await read({ first: 1 })).totalCount(), 6);
});

test("a cursor of another list, or an invalid one, is refused", async () => {
  await using world = await openFlowers();
  const dataset = await world.datasets.findDatasetByName("flowers");
  const refused = (work: Promise<unknown>) =>
    assert.rejects(work, (error) => error instanceof AppError && error.code === "CURSOR_INVALID");
  const { versionId, datasets } = world;
  for (const after of ["x", encodeCursor(["a"]), encodeCursor([1, 2])]) {
    await refused(datasets.listDatasets({ first: 1, after }));
    await refused(datasets.listVersions(dataset?.id ?? "", { first: 1, after }));
    await refused(datasets.listSamples(versionId, { className: null, split: null }, { first: 1, after }));
    await refused(datasets.listQuarantine(versionId, { first: 1, after }));
  }
  // A whole number that is too large for a position comes after all of them.
  const beyond = await datasets.listQuarantine(versionId, { first: 1, after: encodeCursor([2 ** 50]) });
  assert.deepEqual(beyond.items, []);
});

test("several versions are counted in one call", async () => {
  await using world = await openFlowers();
  const other = await world.import({
    dataset: "others",
    source: { uploadId: await world.upload(zipOf(await classFolders({ ant: 3, bee: 4 }, 300))) },
  });
  const counts = await world.datasets.classCountsOf([world.versionId, other.id, "dsv_unknown"]);
  assert.deepEqual(
    counts.get(other.id)?.map(({ name }) => name),
    ["ant", "bee"],
  );
  assert.deepEqual(counts.get(world.versionId), await world.datasets.classCounts(world.versionId));
  const splits = await world.datasets.splitCountsOf([world.versionId, other.id]);
  assert.equal(
    splits.get(other.id)?.reduce((sum, { sampleCount }) => sum + sampleCount, 0),
    7,
  );
  assert.deepEqual(
    splits.get(world.versionId)?.map(({ split }) => split),
    ["TRAIN", "VALIDATION", "TEST"],
  );
});
