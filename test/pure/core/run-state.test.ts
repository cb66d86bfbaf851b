import assert from "node:assert/strict";
import { test } from "node:test";
import { RunState } from "../../../src/core/enumerations.js";
import { checkStateChange, isTerminal, RUN_STATES } from "../../../src/core/runs/state.js";
import { CONTROLS } from "../../../src/training/lifecycle/control.js";

const STATES = Object.keys(RunState) as RunState[];

test("a run that ended can be queued again, and nothing else becomes of it", () => {
  for (const from of ["SUCCEEDED", "FAILED", "CANCELLED"] as const) {
    assert.ok(isTerminal(from));
    checkStateChange({ from, to: "QUEUED", reason: null });
    for (const to of STATES.filter((state) => state !== "QUEUED")) {
      assert.throws(() => checkStateChange({ from, to, reason: RUN_STATES[to].reasons[0] ?? null }));
    }
  }
});

test("every state that ends a run says why, and no other does", () => {
  for (const from of STATES) {
    for (const to of RUN_STATES[from].next) {
      const reason = RUN_STATES[to].reasons[0] ?? null;
      assert.equal(reason !== null, isTerminal(to));
      checkStateChange({ from, to, reason });
      const wrong = isTerminal(to) ? null : "COMPLETED";
      assert.throws(() => checkStateChange({ from, to, reason: wrong }), /must have the reason/);
    }
  }
});

test("a run that failed cannot claim to have completed", () => {
  assert.throws(() => checkStateChange({ from: "RUNNING", to: "FAILED", reason: "COMPLETED" }));
});

test("every state can be reached from every other", () => {
  for (const from of STATES) {
    const seen = new Set<RunState>(RUN_STATES[from].next);
    for (const state of seen) for (const next of RUN_STATES[state].next) seen.add(next);
    assert.deepEqual([...seen].sort(), [...STATES].sort(), from);
  }
});

test("in whichever state a run is, there is something that can be asked of it", () => {
  const possible = (state: RunState): string[] =>
    Object.entries(CONTROLS).flatMap(([name, { from }]) =>
      (from as readonly RunState[]).includes(state) ? [name] : [],
    );
  assert.deepEqual(Object.fromEntries(STATES.map((state) => [state, possible(state)])), {
    QUEUED: ["cancel", "pause", "delete"],
    PREPARING: ["cancel", "pause"],
    RUNNING: ["cancel", "pause"],
    PAUSED: ["cancel", "resume", "delete"],
    INTERRUPTED: ["cancel", "pause"],
    SUCCEEDED: ["extend", "delete"],
    FAILED: ["retry", "delete"],
    CANCELLED: ["retry", "delete"],
  });
});
