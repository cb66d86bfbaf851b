import assert from "node:assert/strict";
import { test } from "node:test";
import { progressBar } from "../../../demo/progress-bar.js";

test("a bar has a constant width and grows in steps of an eighth of a cell", () => {
  assert.equal(progressBar(0, 4), "░░░░");
  assert.equal(progressBar(0.5, 4), "██░░");
  assert.equal(progressBar(1 / 32, 4), "▏░░░");
  assert.equal(progressBar(31 / 32, 4), "███▉");
  assert.equal(progressBar(1, 4), "████");
});

test("a fraction outside of [0, 1] is shown as empty or full", () => {
  assert.equal(progressBar(-1, 3), "░░░");
  assert.equal(progressBar(7, 3), "███");
  assert.equal(progressBar(Number.NaN, 3), "░░░");
});
