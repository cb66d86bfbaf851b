import assert from "node:assert/strict";
import { test } from "node:test";
import {
  quantizationOf,
  quantizeBias,
  quantizeKernel,
  smallestKernelScales,
} from "../../../src/exports/network/quantization.js";

test("a range of activations is covered by the 256 values of int8", () => {
  assert.deepEqual(quantizationOf({ minimum: 0, maximum: 255 }), { scale: 1, zeroPoint: -128 });
  assert.deepEqual(quantizationOf({ minimum: -255, maximum: 0 }), { scale: 1, zeroPoint: 127 });
  assert.deepEqual(quantizationOf({ minimum: -64, maximum: 63.5 }), { scale: 0.5, zeroPoint: 0 });
});

test("zero is always one of the quantized values, also where the range does not hold it", () => {
  assert.deepEqual(quantizationOf({ minimum: 10, maximum: 510 }), { scale: 2, zeroPoint: -128 });
  assert.deepEqual(quantizationOf({ minimum: -510, maximum: -10 }), { scale: 2, zeroPoint: 127 });
  // 0.3 / (1.3 / 255) = 58.8, rounded to 59.
  assert.deepEqual(quantizationOf({ minimum: -0.3, maximum: 1 }), {
    scale: Math.fround(1.3 / 255),
    zeroPoint: -69,
  });
});

test("activations that are always zero have a scale with which one can divide", () => {
  const { scale, zeroPoint } = quantizationOf({ minimum: 0, maximum: 0 });
  assert.ok(scale > 0 && Number.isFinite(1 / scale));
  assert.equal(zeroPoint, -128);
});

test("a kernel is quantized for each output by itself, symmetrically", () => {
  // [2 inputs, 3 outputs]
  const kernel = Float32Array.of(127, -0.5, 0, -64.4, 0.25, 0);
  const { values, scales } = quantizeKernel(kernel, 3);
  assert.deepEqual([...values], [127, -127, 0, -64, 64, 0]);
  assert.deepEqual(scales.subarray(0, 2), Float32Array.of(1, 0.5 / 127));
  assert.ok(scales[2]! > 0 && Number.isFinite(1 / scales[2]!));
});

test("the greatest magnitude of a quantized weight can be smaller, for processors whose sums of products overflow", () => {
  const { values, scales } = quantizeKernel(Float32Array.of(64, -32, -64, 16), 1, 64);
  assert.deepEqual([...values], [64, -32, -64, 16]);
  assert.deepEqual(scales, Float32Array.of(1));
});

test("the scale of an output can have a minimum", () => {
  const { values, scales } = quantizeKernel(Float32Array.of(1, 1), 2, 127, Float32Array.of(0.5, 0.001));
  assert.deepEqual(scales, Float32Array.of(0.5, 1 / 127));
  assert.deepEqual([...values], [2, 127]);
});

test("with the smallest scale of an output, its bias fits into 30 bits and products are multiplied by at least 2^-30", () => {
  const inputScale = 0.5;
  const [large, none] = smallestKernelScales(Float32Array.of(-8, 0), inputScale, 4);
  const { values } = quantizeBias(Float32Array.of(-8), inputScale, Float32Array.of(large!));
  assert.deepEqual([...values], [-(2 ** 30)]);
  assert.equal((inputScale * none!) / 4, 2 ** -30);
});

test("a bias has the scale of the products that it is added to", () => {
  const { values, scales } = quantizeBias(Float32Array.of(1, -3, 0.3), 0.5, Float32Array.of(0.25, 2, 0.5));
  assert.deepEqual(scales, Float32Array.of(0.125, 1, 0.25));
  assert.deepEqual([...values], [8, -3, 1]);
});

test("a bias that int32 cannot hold becomes the greatest one", () => {
  const { values } = quantizeBias(Float32Array.of(1e6, -1e6), 2 ** -20, Float32Array.of(2 ** -20, 2 ** -20));
  assert.deepEqual([...values], [2 ** 31 - 1, -(2 ** 31)]);
});
