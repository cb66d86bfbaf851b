import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveClassWeights } from "../../../../src/training/configuration/resolve-class-weights.js";

const PATH = ["configuration", "classWeights"];

test("balanced weights give all classes the same total weight", () => {
  const samples = [10, 30, 60];
  const resolved = resolveClassWeights({ balanced: true }, samples);
  assert.equal(resolved?.balanced, true);
  const weights = resolved?.weights ?? [];
  // scikit-learn: compute_class_weight("balanced", ...)
  assert.deepEqual(weights, [100 / 30, 100 / 90, 100 / 180]);
  for (const [index, weight] of weights.entries())
    assert.ok(Math.abs(weight * samples[index]! - 100 / 3) < 1e-9);
});

test("weights that are given are kept as they are", () => {
  assert.deepEqual(resolveClassWeights({ weights: [1, 0.25] }, [5, 5]), {
    balanced: false,
    weights: [1, 0.25],
  });
  // A class without images is allowed when the weights are not balanced.
  assert.deepEqual(resolveClassWeights({ weights: [1, 2] }, [5, 0])?.weights, [1, 2]);
});

test("by default all classes have the same weight", () => {
  for (const input of [null, undefined, { balanced: false }, { balanced: false, weights: null }]) {
    assert.equal(resolveClassWeights(input, [5, 5]), null);
  }
});

test("one weight too few or too many is refused", () => {
  for (const weights of [[], [1], [1, 1, 1]]) {
    assert.throws(() => resolveClassWeights({ weights }, [5, 5]), {
      code: "CONFIGURATION_INVALID",
      path: [...PATH, "weights"],
      message: new RegExp(`each of the 2 classes\\. Received ${weights.length}\\.`),
    });
  }
});

test("a weight that is not a number above 0 is refused with its position", () => {
  for (const weight of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => resolveClassWeights({ weights: [1, weight] }, [5, 5]), {
      code: "CONFIGURATION_INVALID",
      path: [...PATH, "weights", "1"],
    });
  }
});

test("class weights that are both balanced and given, or neither, are refused", () => {
  for (const input of [{ balanced: true, weights: [1, 1] }, {}]) {
    assert.throws(() => resolveClassWeights(input, [5, 5]), { code: "CONFIGURATION_INVALID", path: PATH });
  }
});

test("a class without training images cannot be balanced", () => {
  assert.throws(() => resolveClassWeights({ balanced: true }, [5, 0]), {
    code: "DATASET_UNFIT",
    path: [...PATH, "balanced"],
    message: /Class number 1 has none/,
  });
});
