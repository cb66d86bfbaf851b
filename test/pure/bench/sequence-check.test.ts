import assert from "node:assert/strict";
import { test } from "node:test";
import { SequenceCheck } from "../../../bench/fanout/sequence-check.js";

for (const [what, received, expected] of [
  ["every event once and in order", [1, 2, 3, 4, 5], { lost: 0, doubled: 0, disordered: 0 }],
  ["missing events", [1, 4, 5], { lost: 2, doubled: 0, disordered: 0 }],
  ["missing events at the end", [1, 2], { lost: 3, doubled: 0, disordered: 0 }],
  ["no events", [], { lost: 5, doubled: 0, disordered: 0 }],
  ["a doubled event, at once and later", [1, 2, 2, 3, 1, 4, 5], { lost: 0, doubled: 2, disordered: 0 }],
  ["events in another order", [1, 3, 2, 5, 4], { lost: 0, doubled: 0, disordered: 2 }],
  ["an event that arrives late and twice", [2, 1, 1, 4, 5], { lost: 1, doubled: 1, disordered: 1 }],
] as const) {
  test(`lost, doubled and disordered events are counted separately: ${what}`, () => {
    const check = new SequenceCheck();
    for (const sequence of received) check.receive(sequence);
    const { doubled, disordered } = check;
    assert.deepEqual({ lost: check.lost(5), doubled, disordered }, expected);
  });
}
