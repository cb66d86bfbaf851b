import assert from "node:assert/strict";
import { rm, statfs, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { mountSmallDisk, whyNoDisks } from "../../testkit/small-disk.js";
import { epochDone, finalDigest, follow, openTrainingWorld, runNow } from "./training-world.js";

const MIB = 1024 ** 2;

const skip = await whyNoDisks();

test("a run whose disk is full waits with a warning, and continues automatically to the same end once there is room", {
  skip,
}, async () => {
  await using world = await openTrainingWorld();
  const configuration = { epochs: 60 };
  const expected = await world.launchTiny(configuration);
  {
    await using _trainer = await world.startTrainer();
    await follow(world, expected.id);
  }
  const runsFolder = path.join(world.homeFolder, "runs");
  await rm(runsFolder, { recursive: true });
  await using _disk = await mountSmallDisk(runsFolder, 256 * MIB);
  const { id } = await world.launchTiny(configuration);
  await using _trainer = await world.startTrainer({ leaseSeconds: 2 });
  await follow(world, id, epochDone(1));
  const filler = path.join(runsFolder, "filler");
  const { bavail, bsize } = await statfs(runsFolder);
  await writeFile(filler, Buffer.alloc(bavail * bsize)).catch(() => {}); // Takes what is left.
  const events = await follow(
    world,
    id,
    (event) => event.kind === "RunStateChanged" && event.to === "PAUSED",
  );
  const warning = events.find((event) => event.kind === "RunWarning");
  assert.ok(warning?.kind === "RunWarning" && warning.code === "DISK_FULL");
  assert.match(warning.message, /[Nn]o space left on device/);

  await rm(filler);
  await follow(world, id);
  assert.equal((await runNow(world, id)).state, "SUCCEEDED");
  assert.equal(await finalDigest(world, id), await finalDigest(world, expected.id));
});
