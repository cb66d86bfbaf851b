/**
 * Weights, images and labels from a formula, bit for bit as `golden_formula.py` beside this file makes
 * them (the formula and its source are written there), so that golden files hold outputs only.
 */

function seedOf(name: string): number {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) value = Math.imul(value ^ byte, 0x01000193);
  return value;
}

function mix(x: number): number {
  let mixed = x;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** The hash of a position under a name: a function from position to an integer in [0, 2^32). */
function hasher(name: string): (position: number) => number {
  const seed = seedOf(name);
  return (position) => mix((seed + Math.imul(position, 0x9e3779b9)) | 0);
}

/** A function from position to a multiple of 2^-23 in [-1, 1), exact in float32. */
function uniform(name: string): (position: number) => number {
  const hash = hasher(name);
  return (position) => ((hash(position) >>> 8) - 0x800000) / 0x800000;
}

const OFFSET_AND_LIMIT: Readonly<Record<string, readonly [offset: number, limit: number]>> = {
  bias: [0, 0.1],
  beta: [0, 0.1],
  gamma: [1, 0.5],
  moving_mean: [0, 0.1],
  moving_variance: [1, 0.5],
};

/** The value of the variable `layer/kind` (kernel, bias, gamma, …) of this shape, row by row. */
export function weight(name: string, shape: readonly number[]): Float32Array {
  const [layer, kind] = name.split("/") as [string, string];
  const fanOut = shape.at(-1) ?? 1;
  const size = product(shape);
  const fanIn = size / fanOut;
  const [offset, exactLimit] =
    kind === "kernel"
      ? [0, Math.sqrt(6 / (layer === "predictions" ? fanIn + fanOut : fanIn))]
      : (OFFSET_AND_LIMIT[kind] ?? unknownKind(name));
  const limit = Math.fround(exactLimit);
  const at = uniform(name);
  const values = new Float32Array(size);
  // A product of two float32 numbers is exact in float64, so rounding once here is float32 arithmetic.
  for (let i = 0; i < size; i++) values[i] = Math.fround(at(i) * limit) + offset;
  return values;
}

function unknownKind(name: string): never {
  throw new Error(`The golden formula has no offset and limit for ${name}.`);
}

/** Entries of an exact kernel that each output has. */
const EXACT_TAPS = 4;

/**
 * The exact value of `layer/kind`: small whole numbers, few of them not zero, so that no sum of a network
 * on black and white images is ever rounded. `exact_weight` in golden_formula.py says why.
 */
export function exactWeight(name: string, shape: readonly number[]): Float32Array {
  const [layer, kind] = name.split("/") as [string, string];
  const hash = hasher(name);
  const values = new Float32Array(product(shape));
  if (kind === "bias") return values.map((_, i) => (hash(i) % 3) - 1);
  const fanOut = shape.at(-1) ?? 1;
  const fanIn = values.length / fanOut;
  const scale = layer === "predictions" ? 2 ** -10 : 1;
  for (let tap = 0; tap < EXACT_TAPS * fanOut; tap++) {
    const found = hash(tap);
    const output = Math.floor(tap / EXACT_TAPS);
    values[(found % fanIn) * fanOut + output]! += found >>> 31 === 1 ? -scale : scale;
  }
  return values;
}

/** uint8 [count, size, size, 3]: an 8 x 8 board of random colors under a quarter of noise. */
export function formulaImages(name: string, count: number, size: number): Uint8Array {
  const board = hasher(`${name}/board`);
  const noise = hasher(`${name}/noise`);
  const cell = size / 8;
  const bytes = new Uint8Array(count * size * size * 3);
  let position = 0;
  for (let image = 0; image < count; image++) {
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        const square = (image * 8 + Math.floor(row / cell)) * 8 + Math.floor(column / cell);
        for (let channel = 0; channel < 3; channel++, position++) {
          bytes[position] = (3 * (board(square * 3 + channel) >>> 24) + (noise(position) >>> 24)) >>> 2;
        }
      }
    }
  }
  return bytes;
}

/** 0 or 255 for every color of every pixel: exactly 0 or 1 when scaled. */
export function blackAndWhite(images: Uint8Array): Uint8Array {
  return images.map((byte) => (byte < 128 ? 0 : 255));
}

/** int32 [count] in [0, classes). */
export function labels(name: string, count: number, classes: number): Int32Array {
  const hash = hasher(`${name}/labels`);
  return Int32Array.from({ length: count }, (_, i) => hash(i) % classes);
}

/** Summary of a large tensor in a golden file; `fingerprint` in golden_formula.py documents each field. */
export interface Fingerprint {
  readonly norm: number;
  readonly projection: number;
  readonly maximum: number;
  readonly samples: readonly number[];
}

export function fingerprint(name: string, tensor: Float32Array, samples: number): Fingerprint {
  const direction = uniform(`${name}/projection`);
  const index = hasher(`${name}/samples`);
  let normSquared = 0;
  let projection = 0;
  let maximum = 0;
  for (let i = 0; i < tensor.length; i++) {
    const value = tensor[i]!;
    normSquared += value * value;
    projection += value * direction(i);
    // Written so that NaN becomes the maximum and stays it.
    if (!(Math.abs(value) <= maximum)) maximum = Math.abs(value);
  }
  return {
    norm: Math.sqrt(normSquared),
    projection,
    maximum,
    samples: Array.from({ length: samples }, (_, j) => tensor[index(j) % tensor.length]!),
  };
}

export function product(shape: readonly number[]): number {
  return shape.reduce((size, dimension) => size * dimension, 1);
}
