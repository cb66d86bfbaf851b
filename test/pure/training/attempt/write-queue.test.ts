import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../../../src/core/app-error.js";
import { SYSTEM_CLOCK } from "../../../../src/lang/clock.js";
import { createLog } from "../../../../src/telemetry/log.js";
import { AttemptTime } from "../../../../src/training/attempt/attempt-time.js";
import { WriteQueue } from "../../../../src/training/attempt/write-queue.js";

const AWAY = new AppError("DATABASE_UNREACHABLE", "away");

function openWriter() {
  const failures: unknown[] = [];
  const closing = new AbortController();
  const writer = new WriteQueue({
    log: createLog("silent"),
    time: new AttemptTime(SYSTEM_CLOCK, 0),
    closing: closing.signal,
    onFailure: (error) => failures.push(error),
  });
  return { writer, failures, closing };
}

test("writes wait while the database is unreachable, and arrive once and in order afterwards", async () => {
  const { writer, failures } = openWriter();
  const arrived: number[] = [];
  let timesAway = 3;
  for (const value of [1, 2, 3]) {
    await writer.write(async () => {
      if (timesAway-- > 0) throw AWAY;
      arrived.push(value);
    });
  }
  assert.deepEqual(arrived, [], "training did not wait");
  await writer.flush();
  assert.deepEqual([arrived, failures], [[1, 2, 3], []]);
});

test("a write that the database refuses is reported, and no later write is tried", async () => {
  const { writer, failures } = openWriter();
  const refused = new Error("refused");
  const arrived: number[] = [];
  await writer.write(async () => {
    throw refused;
  });
  await writer.write(async () => void arrived.push(2));
  await assert.rejects(writer.flush(), refused);
  assert.deepEqual([failures, arrived], [[refused], []]);
});

test("an unreachable database does not delay the end of the process", async () => {
  const { writer, failures, closing } = openWriter();
  let tries = 0;
  await writer.write(async () => {
    tries += 1;
    closing.abort();
    throw AWAY;
  });
  await assert.rejects(writer.flush(), AWAY);
  assert.deepEqual([tries, failures], [1, [AWAY]]);
});

test("training waits for an unreachable database before the waiting writes fill the memory", async () => {
  const { writer } = openWriter();
  const gate = Promise.withResolvers<void>();
  let begun = 0;
  let accepted = 0;
  const filling = (async () => {
    for (; accepted < 100; accepted++) {
      await writer.write(async () => {
        begun += 1;
        await gate.promise;
      });
    }
  })();
  while (begun === 0) await new Promise(setImmediate);
  assert.ok(accepted > 10 && accepted < 100, String(accepted));
  gate.resolve();
  await filling;
  await writer.flush();
  assert.equal(begun, 100);
});
