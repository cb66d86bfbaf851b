import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunEvent } from "../../../../src/core/runs/events.js";
import { RunEventTail } from "../../../../src/training/events/event-tail.js";

function events(first: number, last: number): RunEvent[] {
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const sequence = first + index;
    const at = new Date(0);
    return { kind: "RunWarning", code: "T", message: "", runId: "r", sequence, cursor: `${sequence}.0`, at };
  });
}

test("the newest events are kept in order, and a reader that needs an older one is told", () => {
  const tail = new RunEventTail(10);
  assert.deepEqual([tail.lastSequence, tail.isBehind(0), tail.after(0)], [0, false, null]);
  for (let first = 1; first <= 100; first += 3) tail.append(events(first, first + 2));
  assert.equal(tail.lastSequence, 102);
  const kept: number[] = [];
  for (let sequence = 0; sequence <= 102; sequence++) {
    const next = tail.after(sequence)?.sequence;
    if (next !== undefined) kept.push(next);
    assert.equal(tail.isBehind(sequence), next === undefined && sequence < 102, `${sequence}`);
  }
  assert.ok(kept.length >= 10 && kept.length <= 20);
  assert.deepEqual(
    kept,
    events(103 - kept.length, 102).map(({ sequence }) => sequence),
  );
});

test("a gap between the kept events and new ones is never skipped", () => {
  const tail = new RunEventTail(10);
  tail.append(events(1, 4));
  tail.append(events(90, 92));
  assert.deepEqual([tail.isBehind(4), tail.isBehind(88), tail.isBehind(89)], [true, true, false]);
  assert.deepEqual([tail.after(4), tail.after(89)?.sequence, tail.after(92)], [null, 90, null]);
});
