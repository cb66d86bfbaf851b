import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../../../src/core/app-error.js";
import type { ErrorCode } from "../../../../src/core/error-codes.js";
import { outcomeOf } from "../../../../src/training/attempt/outcome.js";
import { AttemptReplaced } from "../../../../src/training/lifecycle/attempt.js";
import { RunStopped } from "../../../../src/training/lifecycle/stopped.js";
import { Diverged } from "../../../../src/training/loop/divergence.js";

const REASONS: readonly (readonly [ErrorCode, string])[] = [
  ["ENGINE_OUT_OF_MEMORY", "OUT_OF_MEMORY"],
  ["ENGINE_FAILED", "ENGINE_ERROR"],
  ["ENGINE_ERROR", "ENGINE_ERROR"],
  ["NETWORK_INVALID", "ENGINE_ERROR"],
  ["GRADIENT_UNDEFINED", "ENGINE_ERROR"],
  ["BLOB_MISSING", "INVALID_DATA"],
  ["SAMPLE_UNREADABLE", "INVALID_DATA"],
  ["DATASET_VERSION_NOT_FOUND", "INVALID_DATA"],
];

for (const [code, reason] of REASONS) {
  test(`a run that fails with ${code} ends with ${reason} and the message of the error`, () => {
    assert.deepEqual(outcomeOf(new AppError(code, "because")), {
      kind: "end",
      end: { to: "FAILED", reason, detail: "because" },
    });
  });
}

test("a run that diverged ends with the loss and the step", () => {
  const outcome = outcomeOf(new Diverged(Number.NaN, { epoch: 1, step: 2, globalStep: 2, learningRate: 3 }));
  assert.ok(outcome.kind === "end" && outcome.end.reason === "DIVERGED");
  assert.match(outcome.end.detail ?? "", /NaN/);
});

test("a run that was cancelled or paused ends so, and a run whose server stops returns to the queue", () => {
  assert.deepEqual(outcomeOf(new RunStopped("CANCELLED")), {
    kind: "end",
    end: { to: "CANCELLED", reason: "CANCELLED", detail: null },
  });
  assert.deepEqual(outcomeOf(new RunStopped("PAUSED")), {
    kind: "end",
    end: { to: "PAUSED", reason: null, detail: null },
  });
  const stopped = outcomeOf(new RunStopped("SHUTDOWN"));
  assert.ok(stopped.kind === "requeue" && !stopped.countsAsFailure);
});

test("a temporary error, such as a lost connection, does not end a run", () => {
  assert.deepEqual(outcomeOf(new Error("connection terminated")), {
    kind: "requeue",
    detail: "connection terminated",
    countsAsFailure: true,
  });
});

for (const error of [
  Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" }),
  Object.assign(new Error("EROFS: read-only file system, mkdir"), { code: "EROFS" }),
  new AppError("ENGINE_ERROR", "RESOURCE_EXHAUSTED: /runs/x/variables: No space left on device"),
  new AppError("BLOB_MISSING", "It cannot be kept.", {
    cause: Object.assign(new Error(), { code: "EDQUOT" }),
  }),
]) {
  test(`a run whose files cannot be written waits until they can be: ${error.message}`, () => {
    const outcome = outcomeOf(error);
    assert.ok(outcome.kind === "end" && outcome.end.to === "PAUSED" && outcome.end.waitsForDisk === true);
    assert.deepEqual(
      outcome.end.warnings?.map(({ code }) => code),
      ["DISK_FULL"],
    );
  });
}

test("a run that fails with NATIVE_LIBRARY_UNAVAILABLE is tried again, because the cause may pass", () => {
  assert.deepEqual(outcomeOf(new AppError("NATIVE_LIBRARY_UNAVAILABLE", "away")), {
    kind: "requeue",
    detail: "away",
    countsAsFailure: true,
  });
});

for (const code of ["DATABASE_UNREACHABLE", "DATABASE_READ_ONLY", "DATABASE_CONFLICT"] as const) {
  test(`a run that meets ${code} is tried again, and no number of such tries ends it`, () => {
    const full = new AppError(code, "could not extend file: No space left on device");
    assert.deepEqual(outcomeOf(full), {
      kind: "requeue",
      detail: full.message,
      countsAsFailure: false,
    });
  });
}

test("a trainer that was replaced does not change the run", () => {
  assert.deepEqual(outcomeOf(new AttemptReplaced({ runId: "run_1", attempt: 1 })), { kind: "leave" });
});
