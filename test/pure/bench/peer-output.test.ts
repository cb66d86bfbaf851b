import assert from "node:assert/strict";
import { test } from "node:test";
import { readRecipe, readStore, readTraining } from "../../../bench/peers/peer-output.js";

const TRAINING = {
  version: "Keras 3",
  precision: "float32",
  secondsPerStep: 2.64,
  imagesPerSecond: 3.03,
  peakMemoryBytes: 4_201_472_000,
};

test("a script's result is the last line of its output", () => {
  assert.deepEqual(readTraining(`compiling\n${JSON.stringify(TRAINING)}\n`), TRAINING);
});

test("fields that are not compared are left out", () => {
  const recipe = { ...TRAINING, secondsPerEpoch: 6.12, bestValidationTop1: 0.53 };
  const { secondsPerStep: _, imagesPerSecond: __, ...expected } = recipe;
  assert.deepEqual(readRecipe(JSON.stringify(recipe)), expected);
});

for (const output of [
  "",
  "train b8 2644.1ms 3.03 img/s",
  "null",
  `${JSON.stringify(TRAINING)}\ndone`,
  JSON.stringify({ ...TRAINING, secondsPerStep: null }),
  JSON.stringify({ ...TRAINING, secondsPerStep: 0 }),
]) {
  test(`output without a result is refused: ${JSON.stringify(output)}`, () => {
    assert.throws(() => readTraining(output), { code: "PEER_OUTPUT_UNEXPECTED" });
    assert.throws(() => readStore(output), { code: "PEER_OUTPUT_UNEXPECTED", message: /searchP50Ms|object/ });
  });
}
