import assert from "node:assert/strict";
import { test } from "node:test";
import { RunState } from "../../../src/core/enumerations.js";
import { checkStateChange, END_REASONS, isTerminal, NEXT_STATES } from "../../../src/training/run-state.js";

const STATES = Object.keys(RunState) as RunState[];

test("a run that ended stays as it ended", () => {
  for (const from of ["SUCCEEDED", "FAILED", "CANCELLED"] as const) {
    for (const to of STATES) {
      assert.throws(() => checkStateChange({ from, to, reason: END_REASONS[to][0] ?? null }));
    }
  }
});

test("every state that ends a run says why, and no other does", () => {
  for (const from of STATES) {
    for (const to of NEXT_STATES[from]) {
      const reason = END_REASONS[to][0] ?? null;
      assert.equal(reason !== null, isTerminal(to));
      checkStateChange({ from, to, reason });
      const wrong = isTerminal(to) ? null : "COMPLETED";
      assert.throws(() => checkStateChange({ from, to, reason: wrong }), /has the reason/);
    }
  }
});

test("a run that failed cannot claim to have completed", () => {
  assert.throws(() => checkStateChange({ from: "RUNNING", to: "FAILED", reason: "COMPLETED" }));
});

test("every state but QUEUED can be reached, and an end from every state", () => {
  const reachable = new Set(STATES.flatMap((from) => NEXT_STATES[from]));
  assert.deepEqual([...reachable].sort(), [...STATES].sort());
  for (const from of STATES) {
    const seen = new Set<RunState>([from]);
    for (const state of seen) for (const next of NEXT_STATES[state]) seen.add(next);
    assert.ok([...seen].some(isTerminal), `${from} leads to an end`);
  }
});
