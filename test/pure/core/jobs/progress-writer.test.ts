import assert from "node:assert/strict";
import { test } from "node:test";
import { ProgressWriter } from "../../../../src/core/jobs/progress-writer.js";

function unexpected(error: unknown): never {
  throw error;
}

test("progress is written at most four times a second, however often it is reported", async () => {
  let nowMs = 0;
  const written: number[] = [];
  const write = async (filesDone: number): Promise<void> => {
    written.push(filesDone);
  };
  const progress = new ProgressWriter<number>(write, unexpected, () => nowMs);
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
  const progress = new ProgressWriter<number>(write, unexpected, () => nowMs);
  for (; nowMs < 2000; nowMs += 100) progress.report(nowMs);
  assert.deepEqual(written, [0]);
  gate.resolve();
  await progress.settle();
  progress.report(2000);
  assert.deepEqual(written, [0, 2000]);
});

test("a failed write is reported and does not stop the job", async () => {
  const errors: unknown[] = [];
  const progress = new ProgressWriter<number>(
    () => Promise.reject(new Error("no database")),
    (error) => errors.push(error),
  );
  progress.report(1);
  await progress.settle();
  assert.match(String(errors[0]), /no database/);
});

test("the beginning of a stage is written even right after another write", async () => {
  const gate = Promise.withResolvers<void>();
  const written: string[] = [];
  const write = async (stage: string): Promise<void> => {
    written.push(stage);
    await gate.promise;
  };
  const progress = new ProgressWriter<string>(write, unexpected, () => 0);
  progress.report("reading");
  progress.report("left out");
  progress.reportAlways("writing");
  progress.reportAlways("proving");
  progress.report("left out");
  assert.deepEqual(written, ["reading"]);
  gate.resolve();
  await progress.settle();
  assert.deepEqual(written, ["reading", "writing", "proving"]);
});
