import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../../../src/telemetry/log.js";
import { AttemptTime } from "../../../../src/training/attempt/attempt-time.js";
import { WriteQueue } from "../../../../src/training/attempt/write-queue.js";

function stopwatch(earlierSeconds = 0) {
  let nowMs = 5_000;
  const clock = { now: () => new Date(nowMs), monotonicMs: () => nowMs };
  const pass = (seconds: number): void => {
    nowMs += seconds * 1000;
  };
  return { time: new AttemptTime(clock, earlierSeconds), pass };
}

test("the time of an attempt is added to that of the earlier ones, until the attempt ends", () => {
  const { time, pass } = stopwatch(100);
  assert.equal(time.totalSeconds, 100);
  pass(2.5);
  assert.equal(time.totalSeconds, 102.5);
  time.stop();
  pass(60);
  time.stop();
  assert.equal(time.totalSeconds, 102.5);
});

test("waiting does not count, whether it lasts or is over, overlaps or fails", async () => {
  const { time, pass } = stopwatch();
  pass(1);
  const [one, other] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const waits = Promise.allSettled([time.exclude(one.promise), time.exclude(other.promise)]);
  pass(10);
  assert.equal(time.totalSeconds, 1);
  one.resolve();
  await Promise.resolve();
  pass(10);
  other.reject(new Error("away"));
  await waits;
  pass(2);
  assert.equal(time.totalSeconds, 3);
});

test("training that waits for an unreachable database spends no time", async () => {
  const { time, pass } = stopwatch();
  const back = Promise.withResolvers<void>();
  const writer = new WriteQueue({
    log: createLog("silent"),
    time,
    closing: new AbortController().signal,
    onFailure: () => {},
  });
  await writer.write(() => back.promise);
  pass(3);
  assert.equal(time.totalSeconds, 3, "training goes on while writes wait");
  const flushed = writer.flush();
  pass(600);
  assert.equal(time.totalSeconds, 3);
  back.resolve();
  await flushed;
  pass(1);
  assert.equal(time.totalSeconds, 4);
});
