import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { hasCode } from "../../../src/core/app-error.js";
import { newId } from "../../../src/core/ids.js";
import { Database } from "../../../src/db/database.js";
import { applyMigrations } from "../../../src/db/migrations/apply-migrations.js";
import { KillablePostgres } from "../../../torture/world/killable-postgres.js";
import { composeExportWorld, type ExportWorld } from "../../testkit/exports/export-world.js";
import { createTestDatabase, testLog } from "../../testkit/postgres/database.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

const NEVER = new AbortController().signal;

async function withWorld(work: (world: ExportWorld, home: string) => Promise<void>): Promise<void> {
  await using home = await temporaryFolder();
  await using database = await createTestDatabase();
  await using world = composeExportWorld(home.folder, database.database);
  await work(world, home.folder);
}

async function untilRunning({ exporter }: ExportWorld, id: string): Promise<void> {
  for await (const { kind } of exporter.follow(id, null, NEVER)) if (kind === "ExportProgress") return;
}

test("an export is READY when its file is in place, and nothing else is left", () =>
  withWorld(async (world) => {
    const { id, state, fileName } = await world.start(await world.addVersion("write"));
    assert.deepEqual([state, fileName], ["QUEUED", "flowers-1-float32.zip"]);
    const ended = await world.end(id);
    assert.deepEqual([ended.state, ended.attempts, ended.writingSeconds], ["READY", 1, 0.5]);
    assert.equal(ended.proof?.status === "PROVEN" && ended.proof.runtime, "A runtime");
    assert.deepEqual(await readdir(world.exportsFolder), [id]);
    assert.deepEqual(await readdir(path.join(world.exportsFolder, id)), [fileName]);
    const { sizeBytes } = await world.downloads.open(id, fileName);
    assert.equal(sizeBytes, ended.sizeBytes);
    await assert.rejects(world.downloads.open(id, "other.zip"), (error) =>
      hasCode(error, "EXPORT_NOT_FOUND"),
    );
  }));

test("an export whose process fails, crashes or has a fault is FAILED, and nothing is left of it", () =>
  withWorld(async (world) => {
    for (const [action, code, message] of [
      ["failure RUNTIME_UNAVAILABLE", "RUNTIME_UNAVAILABLE", /The runtime is not there/],
      ["failure WEIGHTS_NOT_FINITE", "WEIGHTS_NOT_FINITE", /./],
      ["failure DISK_FULL", "DISK_FULL", /./],
      ["crash SIGSEGV", "EXPORT_FAILED", /SIGSEGV/],
      ["fault", "EXPORT_FAILED", /The log of the server has the details/],
    ] as const) {
      const { id } = await world.start(await world.addVersion(action));
      const { state, failureCode, failureMessage, sha256 } = await world.end(id);
      assert.deepEqual([state, failureCode, sha256], ["FAILED", code, null], action);
      assert.match(failureMessage ?? "", message);
      assert.doesNotMatch(failureMessage ?? "", /secret/);
      // The next export begins when the files of this one are removed.
      await world.end((await world.start(await world.addVersion("write"))).id);
      const left = (await readdir(world.exportsFolder)).filter((name) => name.startsWith(id));
      assert.deepEqual(left, []);
    }
    assert.ok(world.logged.some((line) => line.includes("secret path")));
  }));

test("a proof outside the bounds rejects the file; a file that could not be proven is READY", () =>
  withWorld(async (world) => {
    const bounds = { maximumProbabilityDifference: 0, minimumTop1Agreement: null, maximumAccuracyLoss: null };
    const rejected = await world.end((await world.start(await world.addVersion("write"), { bounds })).id);
    assert.equal(rejected.state, "REJECTED");
    assert.match(rejected.rejectionReasons.join(), /at most 0 is allowed/);
    assert.deepEqual(rejected.bounds, { ...bounds, minimumTop1Agreement: 1 });
    await world.downloads.open(rejected.id, rejected.fileName);

    const unproven = await world.addVersion("write", { TRAIN: 5 });
    const { state, proof } = await world.end((await world.start(unproven, { bounds })).id);
    assert.deepEqual([state, proof?.status], ["READY", "NOT_PROVEN"]);
  }));

test("the images of a proof are those of the test split, or of the validation split, in one order", () =>
  withWorld(async (world) => {
    const planOf = async (counts: Parameters<ExportWorld["addVersion"]>[1], proofImages = 2_000) => {
      const requested = await world.start(await world.addVersion("write", counts), { proofImages });
      await using files = await world.files.begin(newId("modelExport"));
      const { proof } = await world.planner.plan(requested, files);
      return { split: proof.split, hashes: proof.images.map(({ contentHash }) => contentHash) };
    };
    const whole = await planOf({ TRAIN: 2, VALIDATION: 4, TEST: 30 });
    assert.deepEqual([whole.split, new Set(whole.hashes).size], ["TEST", 30]);
    assert.notDeepEqual(whole.hashes, whole.hashes.toSorted(), "a sample is not the beginning of the list");
    const few = await planOf({ TRAIN: 2, VALIDATION: 4, TEST: 30 }, 7);
    assert.deepEqual(few.hashes, whole.hashes.slice(0, 7), "another dataset version with the same content");
    const validation = await planOf({ TRAIN: 2, VALIDATION: 4 });
    assert.deepEqual([validation.split, validation.hashes.length], ["VALIDATION", 4]);
    assert.deepEqual((await planOf({ TRAIN: 2 })).hashes, []);
  }));

test("a server carries out one export at a time, in the order of the requests", () =>
  withWorld(async (world, home) => {
    const gate = path.join(home, "gate");
    const first = await world.start(await world.addVersion(`wait ${gate}`));
    const second = await world.start(await world.addVersion("write"));
    await untilRunning(world, first.id);
    assert.equal((await world.exports.find([second.id]))[0]?.state, "QUEUED");
    await writeFile(gate, "");
    const ended = [await world.end(first.id), await world.end(second.id)];
    assert.deepEqual(
      ended.map(({ state }) => state),
      ["READY", "READY"],
    );
    assert.ok((ended[0]?.finishedAt ?? 1) <= (ended[1]?.startedAt ?? 0));
  }));

test("concurrent requests with one key are one export; with another input the key is refused", () =>
  withWorld(async (world) => {
    const version = await world.addVersion("write");
    const request = { idempotencyKey: "once" };
    const started = await Promise.all(Array.from({ length: 10 }, () => world.start(version, request)));
    assert.equal(new Set(started.map(({ id }) => id)).size, 1);
    await assert.rejects(world.start(version, { ...request, proofImages: 5 }), (error) =>
      hasCode(error, "IDEMPOTENCY_KEY_REUSED"),
    );
  }));

test("two servers on one database do not carry out one export twice, and each can cancel it", () =>
  withWorld(async (world, home) => {
    const gate = path.join(home, "gate");
    const { id } = await world.start(await world.addVersion(`wait ${gate}`));
    const hanging = await world.addVersion("hang");
    await untilRunning(world, id);
    await using other = composeExportWorld(home, world.database);
    await other.exporter.recover();
    await writeFile(gate, "");
    assert.deepEqual([(await world.end(id)).state, (await world.end(id)).attempts], ["READY", 1]);

    const cancelled = await world.start(hanging);
    await untilRunning(world, cancelled.id);
    assert.equal((await other.exporter.cancel(cancelled.id)).state, "CANCELLED");
    const next = await world.start(await world.addVersion("write"));
    assert.equal((await world.end(next.id)).state, "READY", "its process has ended");
    assert.deepEqual((await readdir(world.exportsFolder)).toSorted(), [id, next.id].toSorted());
  }));

test("an export that a closing server leaves is queued again at the next start, and leftovers are removed", () =>
  withWorld(async (world, home) => {
    const gate = path.join(home, "gate");
    const ready = await world.end((await world.start(await world.addVersion("write"))).id);
    const { id } = await world.start(await world.addVersion(`wait ${gate}`));
    await untilRunning(world, id);
    await world.exporter[Symbol.asyncDispose]();
    const leftovers = [`${id}.1234.partial`, `${id}.1234.work`, `.old-${ready.id}`, newId("modelExport")];
    for (const name of leftovers) {
      await mkdir(path.join(world.exportsFolder, name));
      await writeFile(path.join(world.exportsFolder, name, "file"), "x");
    }
    await writeFile(gate, "");
    await using next = composeExportWorld(home, world.database);
    const seen = next.exporter.follow(id, null, NEVER);
    await next.exporter.recover();
    const counters: string[] = [];
    for await (const { cursor } of seen) counters.push(cursor);
    assert.equal(counters.at(-1), "1");
    const ended = await next.end(id);
    assert.deepEqual([ended.state, ended.attempts], ["READY", 2]);
    assert.deepEqual((await readdir(world.exportsFolder)).toSorted(), [ready.id, id].toSorted());
    assert.equal(
      (await readFile(path.join(world.exportsFolder, id, ended.fileName))).length,
      ended.sizeBytes,
    );
  }));

test("a server takes over the export of another one that dies", () =>
  withWorld(async (world, home) => {
    const gate = path.join(home, "gate");
    const { id } = await world.start(await world.addVersion(`wait ${gate}`));
    await untilRunning(world, id);
    await using other = composeExportWorld(home, world.database);
    await other.exporter.recover();
    await world.exporter[Symbol.asyncDispose]();
    await writeFile(gate, "");
    const { state, attempts } = await other.end(id);
    assert.deepEqual([state, attempts], ["READY", 2]);
  }));

test("a cursor continues after its event, and another is refused", () =>
  withWorld(async (world, home) => {
    const gate = path.join(home, "gate");
    const { id } = await world.start(await world.addVersion(`wait ${gate}`));
    const events = world.exporter.follow(id, null, NEVER)[Symbol.asyncIterator]();
    const first = (await events.next()).value;
    assert.equal(first?.kind, "ExportProgress");
    await writeFile(gate, "");
    await world.end(id);
    const later: unknown[] = [];
    for await (const event of world.exporter.follow(id, first.cursor, NEVER)) later.push(event.kind);
    assert.deepEqual(later, ["ExportFinished"]);
    for await (const _event of world.exporter.follow(id, "1", NEVER)) assert.fail("nothing follows the end");
    for (const [exportId, after, code] of [
      [id, "2", "CURSOR_INVALID"],
      ["mex_none", null, "EXPORT_NOT_FOUND"],
    ] as const) {
      await assert.rejects(
        async () => {
          for await (const _event of world.exporter.follow(exportId, after, NEVER));
        },
        (error) => hasCode(error, code),
      );
    }
  }));

test("an export goes on by itself when PostgreSQL crashes meanwhile", async () => {
  await using home = await temporaryFolder();
  await using postgres = await KillablePostgres.start(path.join(home.folder, "postgres"));
  await applyMigrations(postgres.url, testLog);
  await using database = await Database.open(postgres.url, testLog);
  await using world = composeExportWorld(path.join(home.folder, "home"), database);
  const gate = path.join(home.folder, "gate");
  const { id } = await world.start(await world.addVersion(`wait ${gate}`));
  await untilRunning(world, id);
  await postgres.crash("SIGKILL", 0, NEVER);
  await writeFile(gate, "");
  const { state, attempts } = await world.end(id);
  assert.deepEqual([state, attempts], ["READY", 1], "the file that was made is used");
});
