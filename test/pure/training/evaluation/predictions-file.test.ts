import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { AppError } from "../../../../src/core/app-error.js";
import type { Predictions } from "../../../../src/training/evaluation/predictions.js";
import {
  decodePredictions,
  encodePredictions,
} from "../../../../src/training/evaluation/predictions-file.js";
import { seededRandom } from "../../../testkit/random.js";
import { temporaryFolder } from "../../../testkit/temporary-folder.js";
import { askGoldenScript, whyNoPython } from "../../../testkit/test-python.js";

test("predictions are read back as they were written, for any numbers", () => {
  for (const [sampleCount, ranks] of [
    [0, 5],
    [1, 1],
    [12, 2],
    [300, 5],
  ] as const) {
    const predictions = madeUp(sampleCount, ranks);
    assert.deepEqual(decodePredictions(encodePredictions(predictions)), predictions);
  }
});

test("predictions are read from bytes at any memory address", () => {
  const predictions = madeUp(5, 2);
  const bytes = encodePredictions(predictions);
  const shifted = Buffer.alloc(bytes.length + 3);
  shifted.set(bytes, 3);
  assert.deepEqual(decodePredictions(shifted.subarray(3)), predictions);
});

test("a file that is truncated, changed or of another format is refused", () => {
  const bytes = encodePredictions(madeUp(20, 5));
  const random = seededRandom(4);
  for (let round = 0; round < 2_000; round++) {
    const changed = bytes.slice(0, round % 2 === 0 ? undefined : Math.floor(random() * bytes.length));
    const at = Math.floor(random() * Math.min(changed.length, 200));
    if (round % 2 === 0 || changed.length > 0) changed[at] = Math.floor(random() * 256);
    try {
      const { sampleCount, ranks, ranked, positions } = decodePredictions(changed);
      assert.deepEqual([sampleCount, ranks, ranked.length, positions.length], [20, 5, 100, 20]);
    } catch (error) {
      assert.ok(error instanceof AppError && error.code === "PREDICTIONS_DAMAGED", String(error));
    }
  }
  for (const other of [new Uint8Array(), new TextEncoder().encode("not NumPy's"), bytes.slice(0, 200)]) {
    assert.throws(() => decodePredictions(other), { code: "PREDICTIONS_DAMAGED" });
  }
});

test("NumPy reads a file of predictions", { skip: await whyNoPython("numpy") }, async () => {
  await using temporary = await temporaryFolder();
  const predictions = madeUp(12, 3);
  const file = path.join(temporary.folder, "predictions.npy");
  await writeFile(file, encodePredictions(predictions));
  const rows = (values: ArrayLike<number>) =>
    Array.from({ length: 12 }, (_row, index) => Array.from(values).slice(index * 3, index * 3 + 3));
  assert.deepEqual(await askGoldenScript("read_predictions.py", file), {
    position: [...predictions.positions],
    label: [...predictions.labels],
    loss: [...predictions.losses],
    classes: rows(predictions.ranked),
    probabilities: rows(predictions.probabilities),
  });
});

function madeUp(sampleCount: number, ranks: number): Predictions {
  const random = seededRandom(sampleCount + ranks);
  const integers = (length: number) => Int32Array.from({ length }, () => Math.floor(random() * 1_000));
  const floats = (length: number) => Float32Array.from({ length }, random);
  return {
    sampleCount,
    ranks,
    positions: Int32Array.from({ length: sampleCount }, (_value, index) => 7 * index),
    labels: integers(sampleCount),
    losses: floats(sampleCount),
    ranked: integers(sampleCount * ranks),
    probabilities: floats(sampleCount * ranks),
  };
}
