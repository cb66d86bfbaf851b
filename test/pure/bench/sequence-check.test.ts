import assert from "node:assert/strict";
import { test } from "node:test";
import { SequenceCheck } from "../../../bench/fanout/sequence-check.js";

for (const [what, received, expected] of [
  ["everything once and in order", [1, 2, 3, 4, 5], { lost: 0, doubled: 0, disordered: 0 }],
  ["events left out", [1, 4, 5], { lost: 2, doubled: 0, disordered: 0 }],
  ["an end that never comes", [1, 2], { lost: 3, doubled: 0, disordered: 0 }],
  ["nothing at all", [], { lost: 5, doubled: 0, disordered: 0 }],
  [
    "an event that comes again, at once and later",
    [1, 2, 2, 3, 1, 4, 5],
    { lost: 0, doubled: 2, disordered: 0 },
  ],
  ["events that change places", [1, 3, 2, 5, 4], { lost: 0, doubled: 0, disordered: 2 }],
  ["an event that comes late, and again", [2, 1, 1, 4, 5], { lost: 1, doubled: 1, disordered: 1 }],
] as const) {
  test(`${what}: lost, doubled and disordered events are told apart`, () => {
    const check = new SequenceCheck();
    for (const sequence of received) check.receive(sequence);
    const { doubled, disordered } = check;
    assert.deepEqual({ lost: check.lost(5), doubled, disordered }, expected);
  });
}
