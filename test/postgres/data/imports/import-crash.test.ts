import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { readSampleImage } from "../../../../src/data/versions/sample-image.js";
import { composeDataWorld, followImport, openDataWorld } from "../../../testkit/data-world.js";
import { zipOf } from "../../../testkit/files/archives.js";
import { classFolders } from "../../../testkit/files/images.js";

const module = (name: string): string =>
  JSON.stringify(pathToFileURL(path.join(import.meta.dirname, name)).href);

/** Imports in a process of its own, and prints the id of the version and the kinds of events. */
const IMPORTER = `
  const { Database } = await import(${module("../../../../src/db/database.js")});
  const { composeDataWorld } = await import(${module("../../../testkit/data-world.js")});
  const { testLog } = await import(${module("../../../testkit/postgres/database.js")});
  const [, home, url, uploadId, key] = process.argv;
  const database = await Database.open(url, testLog);
  const world = await composeDataWorld(home, database, url);
  const { id } = await world.importer.start({
    dataset: "flowers", description: null, source: { uploadId },
    split: { validation: 0.2, test: 0.2, seed: 0 }, idempotencyKey: key,
  });
  process.stdout.write(id + "\\n");
  for await (const event of world.importer.follow(id, null, new AbortController().signal)) process.stdout.write(event.kind + "\\n");
  setInterval(() => {}, 1000);`;

test("an import whose process is killed at any time is complete after the next start", async () => {
  await using world = await openDataWorld();
  const files = await classFolders({ daisy: 150, rose: 150 });
  const uploadId = await world.upload(zipOf(files));
  const whole = await world.import({ dataset: "reference", source: { uploadId } });

  for (const [round, killAt] of ["dsv_", "ImportProgress", "ImportFinished"].entries()) {
    const child = spawn(
      process.execPath,
      [
        "--input-type=module",
        "-e",
        IMPORTER,
        world.config.homeFolder,
        world.databaseUrl,
        uploadId,
        `key-${round}`,
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    let output = "";
    while (!output.includes(killAt)) output += String((await once(child.stdout, "data"))[0]);
    child.kill("SIGKILL");
    await once(child, "exit");
    const [id = ""] = output.split("\n");
    const announcedEnd = output.includes("ImportFinished");
    const [left] = await world.datasets.findVersions([id]);
    if (announcedEnd) assert.equal(left?.status, "READY", "what was announced is kept");

    await using next = await composeDataWorld(world.config.homeFolder, world.database, world.databaseUrl);
    await next.importer.recover();
    await followImport(next.importer, id);
    const [version] = await next.datasets.findVersions([id]);
    assert.equal(version?.status, "READY", version?.failureMessage ?? "");
    assert.equal(version?.hash, whole.hash);
    const samples = await next.datasets.allSamples(id);
    assert.equal(samples.length, 300);
    for (const sample of samples) await readSampleImage(next.blobs, sample);
  }
  const numbers = (
    await world.datasets.listVersions((await world.datasets.findDatasetByName("flowers"))?.id ?? "", {
      first: 10,
      after: null,
    })
  ).items.map(({ node }) => node.number);
  assert.deepEqual(numbers, [3, 2, 1], "no version was made twice");
});

test("two servers on one database do not import one version twice", async () => {
  await using world = await openDataWorld();
  const uploadId = await world.upload(zipOf(await classFolders({ daisy: 60, rose: 60 })));
  await using other = await composeDataWorld(world.config.homeFolder, world.database, world.databaseUrl);
  const { id } = await world.importer.start({
    dataset: "flowers",
    description: null,
    source: { uploadId },
    split: { validation: 0.2, test: 0.2, seed: 0 },
    idempotencyKey: null,
  });
  await other.importer.recover();
  await followImport(other.importer, id);
  assert.equal((await world.datasets.findVersions([id]))[0]?.sampleCount, 120);
});
