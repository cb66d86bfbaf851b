import assert from "node:assert/strict";
import { test } from "node:test";
import { ImportProgress } from "../../../../src/data/imports/import-progress.js";

function unexpected(error: unknown): never {
  throw error;
}

test("progress is written at most four times a second, however often it is reported", async () => {
  let nowMs = 0;
  const written: number[] = [];
  const write = async (filesDone: number): Promise<void> => {
    written.push(filesDone);
  };
  const progress = new ImportProgress(write, unexpected, () => nowMs);
  for (let filesDone = 1; filesDone <= 2000; filesDone++, nowMs++) {
    progress.report(filesDone);
    await progress.settle();
  }
  assert.deepEqual(written, [1, 251, 501, 751, 1001, 1251, 1501, 1751]);
});

test("the next write waits for a slow one", async () => {
  let nowMs = 0;
  const gate = Promise.withResolvers<void>();
  const written: number[] = [];
  const write = (filesDone: number): Promise<void> => {
    written.push(filesDone);
    return gate.promise;
  };
  const progress = new ImportProgress(write, unexpected, () => nowMs);
  for (; nowMs < 2000; nowMs += 100) progress.report(nowMs);
  assert.deepEqual(written, [0]);
  gate.resolve();
  await progress.settle();
  progress.report(2000);
  assert.deepEqual(written, [0, 2000]);
});

test("a failed write is reported and does not stop the import", async () => {
  const errors: unknown[] = [];
  const progress = new ImportProgress(
    () => Promise.reject(new Error("no database")),
    (error) => errors.push(error),
  );
  progress.report(1);
  await progress.settle();
  assert.match(String(errors[0]), /no database/);
});
