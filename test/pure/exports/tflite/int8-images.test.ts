import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Preprocessing } from "../../../../src/core/enumerations.js";
import { int8ImagesOf, readInt8Images } from "../../../../src/exports/formats/tflite/int8-images.js";
import { imageScalingOf } from "../../../../src/graph/folding/folded-network.js";

/** By preprocessing: whether no pixel is rounded. */
const EXACT: Readonly<Record<Preprocessing, boolean>> = {
  SCALE_0_1: true,
  SCALE_MINUS_1_1: true,
  IMAGENET_CAFFE: false,
  IMAGENET_TORCH: false,
};

describe("images in int8 stand for the scaled images", () => {
  for (const preprocessing of Object.values(Preprocessing)) {
    test(`with ${preprocessing}: ${EXACT[preprocessing] ? "exactly" : "to half a step"}`, () => {
      const scaling = imageScalingOf(preprocessing);
      const { scaled, factor, residuals } = int8ImagesOf(scaling);
      for (let channel = 0; channel < 3; channel++) {
        for (let pixel = 0; pixel <= 255; pixel++) {
          const expected = pixel * scaling.factors[channel]! + scaling.offsets[channel]!;
          let value = pixel;
          let step = 0;
          if (scaled !== null) {
            const { scale, zeroPoint } = scaled.quantization;
            const real = pixel * scaled.factors[channel]! + scaled.offsets[channel]!;
            const quantized = Math.round(real / scale) + zeroPoint;
            assert.ok(quantized >= -128 && quantized <= 127, `${pixel} is out of range`);
            value = scale * (quantized - zeroPoint);
            step = scale;
          }
          const difference = Math.abs(value * factor + residuals[channel]! - expected);
          const allowed = EXACT[preprocessing] ? 1e-6 : 0.501 * step;
          assert.ok(difference <= allowed, `pixel ${pixel} of channel ${channel} is off by ${difference}`);
        }
      }
    });
  }

  test("no operator is needed to scale to 0 to 1", () => {
    assert.equal(int8ImagesOf(imageScalingOf("SCALE_0_1")).scaled, null);
  });

  test("the first layer takes over the factor and what is left of the offset", () => {
    const images = { scaled: null, factor: 0.5, residuals: [1, 2, 3] };
    const convolution = {
      kind: "Conv2D",
      kernelSize: 1,
      stride: 1,
      padding: 0,
      channels: 3,
      filters: 2,
      activation: "relu",
      kernel: "kernel",
      bias: null,
      normalization: null,
    } as const;
    const weights = { kernel: Float32Array.of(2, 4, 6, 8, 10, 12), bias: Float32Array.of(100, 200) };
    const { kernel, bias } = readInt8Images(weights, images, convolution);
    assert.deepEqual([...kernel], [1, 2, 3, 4, 5, 6]);
    assert.deepEqual([...bias], [100 + 2 + 12 + 30, 200 + 4 + 16 + 36]);
  });
});
