import assert from "node:assert/strict";
import { test } from "node:test";
import { ExportState } from "../../../src/core/enumerations.js";
import { checkExportStateChange, hasEnded, hasFile } from "../../../src/core/exports/state.js";

const STATES = Object.values(ExportState);

test("an export changes its state along the table, and never after it has ended", () => {
  const allowed = STATES.flatMap((from) =>
    STATES.filter((to) => {
      try {
        checkExportStateChange(from, to);
        return true;
      } catch (error) {
        assert.match(String(error), new RegExp(`An export in the state ${from} may become`));
        return false;
      }
    }).map((to) => `${from} ${to}`),
  );
  assert.deepEqual(allowed, [
    "QUEUED RUNNING",
    "QUEUED CANCELLED",
    "RUNNING QUEUED",
    "RUNNING READY",
    "RUNNING REJECTED",
    "RUNNING FAILED",
    "RUNNING CANCELLED",
  ]);
  assert.deepEqual(STATES.filter(hasEnded), ["READY", "REJECTED", "FAILED", "CANCELLED"]);
  assert.deepEqual(STATES.filter(hasFile), ["READY", "REJECTED"]);
});
