import type { FoldedConvolution, ImageScaling } from "../../../graph/folding/folded-network.js";
import type { FoldedWeights } from "../../../graph/folding/folded-weights.js";
import { type AffineQuantization, quantizationOf } from "../../network/quantization.js";

const GREATEST_PIXEL = 255;
/** Zero as a pixel is this number of int8. */
const LOWEST = -128;

/** Pixels as int8: 1 for each level, 0 where the pixel is 0. */
export const PIXELS: AffineQuantization = { scale: 1, zeroPoint: LOWEST };

/** The form in which the first layer reads images in int8. */
export interface Int8Images {
  /** An operator that scales the pixels, quantized like this, by channel: pixel * factor + offset; null: none is needed. */
  readonly scaled: {
    readonly quantization: AffineQuantization;
    readonly factors: readonly number[];
    readonly offsets: readonly number[];
  } | null;
  /** Scaled image = value that the first layer reads * factor + residual. */
  readonly factor: number;
  /** By channel. */
  readonly residuals: readonly number[];
}

/**
 * Chooses the form that loses least:
 *
 * 1. Where scaling only multiplies all channels by one factor, the first layer reads the pixels, and its kernel takes the
 *    factor in. Nothing is rounded.
 * 2. Where all channels have one factor and offsets within half a level of a whole number of levels, as for -1 to 1, a
 *    level stays a level and nothing is rounded either. The rest of the offset goes into the bias of the first layer,
 *    which is exact everywhere but at the border, where padding is off by the rest.
 * 3. Otherwise images are scaled to int8 by channel, which rounds each pixel by up to about half a level. With one zero
 *    point for all channels in place of it, padding would be off by up to 11 levels.
 */
export function int8ImagesOf({ factors, offsets }: ImageScaling): Int8Images {
  const [factor = 1] = factors;
  const isUniform = factors.every((other) => other === factor);
  if (isUniform && offsets.every((offset) => offset === 0)) {
    return { scaled: null, factor, residuals: offsets };
  }
  const levels = offsets.map((offset) => -offset / factor);
  const shift = Math.round((Math.min(...levels) + Math.max(...levels)) / 2);
  if (isUniform && levels.every((level) => Math.abs(level - shift) <= 0.5)) {
    const scaled = {
      quantization: { scale: factor, zeroPoint: shift + LOWEST },
      factors,
      offsets: offsets.map(() => -shift * factor),
    };
    return { scaled, factor: 1, residuals: offsets.map((offset) => offset + shift * factor) };
  }
  const quantization = quantizationOf({
    minimum: Math.min(...offsets),
    maximum: Math.max(...offsets.map((offset, channel) => offset + GREATEST_PIXEL * (factors[channel] ?? 1))),
  });
  return { scaled: { quantization, factors, offsets }, factor: 1, residuals: offsets.map(() => 0) };
}

/** The weights of a first layer that reads `images` in place of the scaled image. Changes the kernel in place. */
export function readInt8Images(
  { kernel, bias }: FoldedWeights,
  { factor, residuals }: Int8Images,
  { channels, filters }: FoldedConvolution,
): FoldedWeights {
  const sums = Float64Array.from(bias);
  for (let index = 0; index < kernel.length; index++) {
    const filter = index % filters;
    const channel = Math.floor(index / filters) % channels;
    const weight = kernel[index] ?? 0;
    sums[filter] = (sums[filter] ?? 0) + weight * (residuals[channel] ?? 0);
    kernel[index] = weight * factor;
  }
  return { kernel, bias: Float32Array.from(sums) };
}
