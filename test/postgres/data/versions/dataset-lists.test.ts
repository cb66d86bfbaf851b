import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../../../src/core/app-error.js";
import { encodeCursor } from "../../../../src/core/cursor.js";
import type { Page, PageRequest } from "../../../../src/core/page.js";
import { zipOf } from "../../../testkit/archives.js";
import { type DataWorld, openDataWorld } from "../../../testkit/data-world.js";
import { classFolders } from "../../../testkit/images.js";

/** Every item of a list, page by page. */
async function walk<T>(list: (page: PageRequest) => Promise<Page<T>>, first: number): Promise<T[]> {
  const found: T[] = [];
  let after: string | null = null;
  while (true) {
    const page: Page<T> = await list({ first, after });
    assert.ok(page.items.length <= first);
    found.push(...page.items.map(({ node }) => node));
    if (!page.hasNextPage) return found;
    after = page.items.at(-1)?.cursor ?? null;
  }
}

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

test("samples come by position, each once, however large the pages are", async () => {
  await using world = await openFlowers();
  const everything = await world.datasets.allSamples(world.versionId);
  assert.equal(everything.length, 17);
  const all = { className: null, split: null };
  for (const first of [1, 4, 17, 200]) {
    assert.deepEqual(
      await walk((page) => world.datasets.listSamples(world.versionId, all, page), first),
      everything,
    );
  }
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
      const { totalCount } = await world.datasets.listSamples(world.versionId, filter, {
        first: 1,
        after: null,
      });
      assert.equal(totalCount, expected.length);
      assert.deepEqual(
        await walk((page) => world.datasets.listSamples(world.versionId, filter, page), 2),
        expected,
      );
    }
  }
});

test("samples are found by id, unknown ids are left out", async () => {
  await using world = await openFlowers();
  const [first, second] = await world.datasets.allSamples(world.versionId);
  const found = await world.datasets.findSamples([second?.id ?? "", "smp_unknown", first?.id ?? ""]);
  assert.deepEqual(new Set(found.map(({ id }) => id)), new Set([first?.id, second?.id]));
});

test("quarantined files come in the order of their names", async () => {
  await using world = await openFlowers();
  const files = await walk((page) => world.datasets.listQuarantine(world.versionId, page), 1);
  assert.deepEqual(
    files.map(({ sourceName }) => sourceName),
    ["daisy/a.txt", "daisy/b.txt"],
  );
});

test("data sets and versions come newest first, and new ones do not disturb a reader", async () => {
  await using world = await openDataWorld();
  const at = new Date("2026-01-02T03:04:05.678Z");
  // Equal times, so that the id has to decide.
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
  assert.equal(rest.hasNextPage, false);
  assert.deepEqual(
    (await walk((request) => world.datasets.listDatasets(request), 1)).map(({ name }) => name),
    ["new", "set-4", "set-3", "set-2", "set-1", "set-0"],
  );
});

test("a cursor of another list, or of none, is refused", async () => {
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
  // Far outside of what a position can be, but a whole number: simply after everything.
  const beyond = await datasets.listQuarantine(versionId, { first: 1, after: encodeCursor([2 ** 50]) });
  assert.deepEqual(beyond.items, []);
});

test("counts of several versions come in one answer", async () => {
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
