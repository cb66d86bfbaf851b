import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunEventBody } from "../../../../src/core/runs/events.js";
import { encodeJson } from "../../../../src/core/stored-json.js";
import {
  cursorOf,
  decodeEventBody,
  decodeProgress,
  positionOf,
} from "../../../../src/training/events/event-encoding.js";
import { epochRecord } from "../epoch-record.js";

const BODIES: readonly RunEventBody[] = [
  { kind: "RunStateChanged", from: null, to: "QUEUED", reason: null, detail: null },
  { kind: "RunStateChanged", from: "RUNNING", to: "FAILED", reason: "DIVERGED", detail: "NaN" },
  {
    kind: "EpochCompleted",
    epoch: epochRecord({ trainLoss: Number.NaN, validationLoss: Number.POSITIVE_INFINITY, seconds: -0.5 }),
    improved: false,
  },
  {
    kind: "CheckpointSaved",
    checkpoint: {
      epoch: 3,
      step: 30,
      best: true,
      sizeBytes: 2 ** 33,
      sha256: "ab",
      createdAt: new Date("2026-01-02T03:04:05.678Z"),
    },
  },
  { kind: "RunWarning", code: "RESUMED", message: "Infinity" },
];

for (const body of BODIES) {
  test(`a stored ${body.kind} is read back unchanged, including NaN and infinities`, () => {
    const { kind, ...fields } = body;
    assert.deepEqual(decodeEventBody(kind, JSON.parse(encodeJson(fields))), body);
  });
}

test("progress with a loss of NaN is read back unchanged", () => {
  const stored = {
    sequence: 4,
    counter: 2,
    progress: {
      epoch: 1,
      epochs: 2,
      step: 3,
      stepsPerEpoch: 4,
      imagesPerSecond: null,
      remainingSeconds: 1.5,
    },
    loss: Number.NEGATIVE_INFINITY,
    at: new Date("2026-01-02T03:04:05.678Z"),
  };
  assert.deepEqual(decodeProgress(JSON.parse(encodeJson(stored))), stored);
});

test("a cursor gives the position to continue from, and anything else is refused", () => {
  assert.deepEqual(positionOf(cursorOf({ sequence: 12, counter: 3 })), { sequence: 12, counter: 3 });
  assert.deepEqual(positionOf(null), { sequence: 0, counter: 0 });
  for (const cursor of ["", "12", "1.2.3", "-1.0", "1.0 ", "x.y", "99999999999.0"]) {
    assert.throws(() => positionOf(cursor), { code: "CURSOR_INVALID" });
  }
});
