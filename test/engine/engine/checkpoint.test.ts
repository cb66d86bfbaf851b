import assert from "node:assert/strict";
import { appendFile, mkdir, readdir, rename, rm, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { restoreCheckpoint, saveCheckpoint } from "../../../src/engine/checkpoints/checkpoint.js";
import type { Session } from "../../../src/engine/session.js";
import { type EngineWithFolder, startEngineWithFolder } from "../../testkit/engine.js";
import { smallGraph } from "./small-graph.js";

describe("a checkpoint", () => {
  let engine: EngineWithFolder;
  let session: Session;
  let parent: string;
  let folder: string;

  before(async () => {
    engine = await startEngineWithFolder();
    session = await engine.host.openGraph(smallGraph());
    parent = path.join(engine.folder, "runs/run_1/checkpoints");
    folder = path.join(parent, "epoch-1");
  });
  after(() => engine[Symbol.asyncDispose]());
  beforeEach(async () => {
    await rm(parent, { recursive: true, force: true });
    await session.run("init", {});
  });

  const count = async (): Promise<unknown> => (await session.run("count", {})).count?.data;

  test("restores the variables in the same session and in another one", async () => {
    await count();
    await count();
    const { sha256, sizeBytes } = await saveCheckpoint(session, folder);
    await count();
    await restoreCheckpoint(session, folder, sha256);
    assert.deepEqual(await count(), BigInt64Array.of(3n));

    await using other = await engine.host.openGraph(smallGraph());
    await restoreCheckpoint(other, folder);
    assert.deepEqual((await other.run("count", {})).count?.data, BigInt64Array.of(3n));
    assert.ok(sizeBytes > 0);
  });

  test("appears complete, and leaves no temporary files", async () => {
    await saveCheckpoint(session, folder);
    assert.deepEqual(await readdir(parent), ["epoch-1"]);
    assert.deepEqual((await readdir(folder)).sort(), ["variables.data-00000-of-00001", "variables.index"]);
  });

  test("has a digest that depends on the variables alone", async () => {
    const first = await saveCheckpoint(session, folder);
    const same = await saveCheckpoint(session, path.join(parent, "epoch-2"));
    await count();
    const other = await saveCheckpoint(session, path.join(parent, "epoch-3"));
    assert.deepEqual(same, first);
    assert.notEqual(other.sha256, first.sha256);
  });

  test("replaces an older one of the same name", async () => {
    await saveCheckpoint(session, folder);
    await count();
    const { sha256 } = await saveCheckpoint(session, folder);
    await restoreCheckpoint(session, folder, sha256);
    assert.deepEqual(await count(), BigInt64Array.of(2n));
    assert.deepEqual(await readdir(parent), ["epoch-1"]);
  });

  test("that is damaged is refused, and the variables are unchanged", async () => {
    const { sha256 } = await saveCheckpoint(session, folder);
    await count();
    await appendFile(path.join(folder, "variables.index"), "x");
    await assert.rejects(restoreCheckpoint(session, folder, sha256), { code: "CHECKPOINT_DAMAGED" });
    await truncate(path.join(folder, "variables.data-00000-of-00001"), 4);
    await assert.rejects(restoreCheckpoint(session, folder), { code: "CHECKPOINT_DAMAGED" });
    assert.deepEqual(await count(), BigInt64Array.of(2n));
  });

  test("that does not exist is reported as missing, not as damaged", async () => {
    await assert.rejects(restoreCheckpoint(session, folder), { code: "CHECKPOINT_MISSING" });
    await mkdir(folder, { recursive: true });
    await assert.rejects(restoreCheckpoint(session, folder), { code: "CHECKPOINT_MISSING" });
  });

  test("is found again after a crash between the two renames of a save", async () => {
    const { sha256 } = await saveCheckpoint(session, folder);
    await rename(folder, path.join(parent, ".old-epoch-1"));
    await restoreCheckpoint(session, folder, sha256);
    assert.deepEqual(await readdir(parent), ["epoch-1"]);
  });

  test("removes the temporary files of an earlier save that was killed", async () => {
    const leftover = path.join(parent, ".tmp-epoch-1-abc123");
    await mkdir(leftover, { recursive: true });
    await writeFile(path.join(leftover, "variables.data-00000-of-00001"), "half");
    await saveCheckpoint(session, folder);
    assert.deepEqual(await readdir(parent), ["epoch-1"]);
  });

  test("that cannot be written leaves the older one unchanged", async () => {
    const { sha256 } = await saveCheckpoint(session, folder);
    await using uninitialized = await engine.host.openGraph(smallGraph());
    await assert.rejects(saveCheckpoint(uninitialized, folder), { code: "ENGINE_ERROR" });
    await restoreCheckpoint(session, folder, sha256);
    assert.deepEqual(await readdir(parent), ["epoch-1"]);
  });
});
