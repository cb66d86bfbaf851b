import assert from "node:assert/strict";
import { test } from "node:test";
import { balanceRounding } from "../../../src/exports/network/balanced-rounding.js";
import { quantizeKernel } from "../../../src/exports/network/quantization.js";
import { seededRandom } from "../../testkit/random.js";

const LIMIT = 64;

/** A random kernel, [size, outputs], quantized and balanced, with the errors in steps. */
function balanced(size: number, outputs: number, windowSize: number) {
  const random = seededRandom(size);
  const kernel = Float32Array.from({ length: size * outputs }, () => random() ** 3 - 0.2);
  const quantized = quantizeKernel(kernel, outputs, LIMIT);
  const nearest = quantized.values.slice();
  balanceRounding(kernel, quantized, windowSize, LIMIT);
  const errors = Array.from(
    quantized.values,
    (value, index) => value - kernel[index]! / quantized.scales[index % outputs]!,
  );
  return { values: quantized.values, nearest, errors };
}

function sumOf(errors: readonly number[], first: number, stride: number): number {
  return errors.reduce((sum, error, index) => (index % stride === first ? sum + error : sum), 0);
}

test("errors of rounding cancel out in every window of a convolution", () => {
  const [channels, outputs] = [12, 7];
  const { errors, values, nearest } = balanced(9 * channels, outputs, 9);
  const stride = channels * outputs;
  for (let first = 0; first < stride; first++) assert.ok(Math.abs(sumOf(errors, first, stride)) <= 0.5001);
  assert.ok(values.some((value, index) => value !== nearest[index]));
  assert.ok(errors.every((error) => Math.abs(error) < 1));
  assert.ok(values.every((value) => Math.abs(value) <= LIMIT));
});

test("errors of rounding cancel out among all weights of an output of a dense layer", () => {
  const outputs = 7;
  const { errors, values, nearest } = balanced(3000, outputs, 1);
  for (let output = 0; output < outputs; output++) {
    assert.ok(Math.abs(sumOf(errors, output, outputs)) <= 0.5001);
    const [before, after] = [nearest, values].map((each) => each.filter((_, at) => at % outputs === output));
    // Few weights have to change.
    assert.ok(after!.filter((value, index) => value !== before![index]).length < 100);
  }
  assert.ok(errors.every((error) => Math.abs(error) < 1));
});
