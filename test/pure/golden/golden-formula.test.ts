import assert from "node:assert/strict";
import { test } from "node:test";
import { fingerprintDifference } from "../../golden/difference.js";
import { readGolden } from "../../golden/golden-file.js";
import {
  blackAndWhite,
  exactWeight,
  type Fingerprint,
  fingerprint,
  formulaImages,
  labels,
  weight,
} from "../../golden/golden-formula.js";

interface FormulaGolden {
  readonly kernel: readonly number[];
  readonly gamma: readonly number[];
  readonly classifier: readonly number[];
  readonly exactKernel: readonly number[];
  readonly exactBias: readonly number[];
  readonly exactClassifier: readonly number[];
  readonly pictures: readonly number[];
  readonly blackAndWhite: readonly number[];
  readonly pictureSum: number;
  readonly labels: readonly number[];
  readonly fingerprint: Fingerprint;
}

const golden = await readGolden<FormulaGolden>("formula");

test("weights made in TypeScript have the same bits as those made in Python", () => {
  const cases = [
    ["block1_conv1/kernel", [3, 3, 3, 4], golden.kernel],
    ["block1_bn1/gamma", [5], golden.gamma],
    ["predictions/kernel", [24, 7], golden.classifier],
  ] as const;
  for (const [name, shape, expected] of cases) {
    assert.deepEqual(weight(name, shape), Float32Array.from(expected), name);
  }
});

test("exact weights made in TypeScript equal those made in Python", () => {
  const cases = [
    ["block1_conv2/kernel", [3, 3, 4, 5], golden.exactKernel],
    ["block1_conv2/bias", [9], golden.exactBias],
    ["predictions/kernel", [6, 3], golden.exactClassifier],
  ] as const;
  for (const [name, shape, expected] of cases) {
    assert.deepEqual(exactWeight(name, shape), Float32Array.from(expected), name);
  }
});

test("images and labels made in TypeScript equal those made in Python", () => {
  const bytes = formulaImages("formula", 2, 16);
  assert.deepEqual([...bytes.subarray(0, golden.pictures.length)], golden.pictures);
  const first = blackAndWhite(bytes).subarray(0, golden.blackAndWhite.length);
  assert.deepEqual([...first], golden.blackAndWhite);
  assert.equal(
    bytes.reduce((sum, byte) => sum + byte, 0),
    golden.pictureSum,
  );
  assert.deepEqual([...labels("formula", 10, 7)], golden.labels);
});

test("a fingerprint notices a change of any one number", () => {
  const kernel = weight("block1_conv1/kernel", [3, 3, 3, 4]);
  // The file holds the shortest decimals that read back as the same float32.
  assert.ok(fingerprintDifference(fingerprint("formula", kernel, 4), golden.fingerprint) < 1e-7);
  for (const position of kernel.keys()) {
    const changed = kernel.slice();
    changed[position]! += 0.1;
    const difference = fingerprintDifference(fingerprint("formula", changed, 4), golden.fingerprint);
    assert.ok(difference > 1e-4, `number ${position}: ${difference}`);
  }
});
