import assert from "node:assert/strict";
import { test } from "node:test";
import { EventLog } from "../../../../src/web/events/log.js";

test("epochs stay in the log, and progress stays until the next event", () => {
  const log = new EventLog();
  log.add({ data: { runEvents: { __typename: "TrainingProgress", cursor: "1", progress: { step: 1 } } } });
  log.add({ data: { runEvents: { __typename: "TrainingProgress", cursor: "2", progress: { step: 2 } } } });
  for (const number of [1, 2]) {
    const epoch = { number, trainLoss: { value: 0.51234, kind: "FINITE" } };
    log.add({ data: { runEvents: { __typename: "EpochCompleted", cursor: "3", at: "now", epoch } } });
  }
  log.add({ data: { runEvents: { __typename: "TrainingProgress", cursor: "4", progress: { step: 3 } } } });
  assert.deepEqual(
    log.snapshot().map(({ kind, summary }) => `${kind}: ${summary}`),
    [
      "EpochCompleted: number 1 · trainLoss 0.512",
      "EpochCompleted: number 2 · trainLoss 0.512",
      "TrainingProgress: step 3",
    ],
  );
});

test("a metric that is not finite is shown by its kind", () => {
  const log = new EventLog();
  log.add({ data: { runEvents: { __typename: "EpochCompleted", loss: { value: null, kind: "NAN" } } } });
  assert.equal(log.snapshot()[0]?.summary, "loss NAN");
});

test("listeners are notified until they stop listening", () => {
  const log = new EventLog();
  let told = 0;
  const stop = log.listen(() => told++);
  log.clear();
  stop();
  log.clear();
  assert.equal(told, 1);
});
