/** The greatest finite float16. */
const GREATEST = 65504;

/**
 * Rounds to float16 (IEEE 754 binary16), to the nearest, ties to even.
 *
 * @returns the bits; values beyond the range become the greatest finite one
 */
export function toFloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const rounded = new Uint16Array(values.length);
  const single = new Float32Array(1);
  const bits = new Uint32Array(single.buffer);
  for (let index = 0; index < values.length; index++) {
    single[0] = Math.max(-GREATEST, Math.min(GREATEST, values[index] ?? 0));
    rounded[index] = float16Bits(bits[0] ?? 0);
  }
  return rounded;
}

/** @param bits of a finite float32 within the range of float16 */
function float16Bits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 112;
  const fraction = bits & 0x7fffff;
  if (exponent >= 1) return sign + roundedShift((exponent << 23) | fraction, 13);
  if (exponent < -10) return sign;
  return sign + roundedShift(fraction | 0x800000, 14 - exponent);
}

/** value / 2^shift, rounded to the nearest, ties to even. */
function roundedShift(value: number, shift: number): number {
  const quotient = value >>> shift;
  const rest = value - quotient * 2 ** shift;
  const half = 2 ** (shift - 1);
  return rest > half || (rest === half && (quotient & 1) === 1) ? quotient + 1 : quotient;
}
