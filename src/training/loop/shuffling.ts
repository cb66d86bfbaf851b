/**
 * The order in which an epoch uses the images: a Fisher-Yates shuffle of `positions` that depends on seed and epoch alone,
 * so that a resumed run uses the same order as an uninterrupted one.
 *
 * A million positions take about 20 ms.
 */
export function epochOrder(positions: Int32Array, seed: number, epoch: number): Int32Array {
  const order = positions.slice();
  const random = xoshiro128(seed, epoch);
  for (let last = order.length - 1; last > 0; last--) {
    const chosen = below(last + 1, random);
    const held = order[last] ?? 0;
    order[last] = order[chosen] ?? 0;
    order[chosen] = held;
  }
  return order;
}

/** Uniform in [0, limit), for a limit of at least 2: draws numbers with as many bits as needed until one is below it. */
function below(limit: number, random: () => number): number {
  const shift = Math.clz32(limit - 1);
  for (;;) {
    const candidate = random() >>> shift;
    if (candidate < limit) return candidate;
  }
}

/**
 * xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2018): 32
 * random bits per call. Its four words of state come from SplitMix32, as its authors recommend, so that neighboring seeds
 * and epochs give independent sequences.
 */
export function xoshiro128(seed: number, epoch: number): () => number {
  const next = splitMix32(Math.imul(seed, 0x85ebca6b) ^ Math.imul(epoch, 0xc2b2ae35));
  let [a, b, c, d] = [next(), next(), next(), next()];
  return () => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return result;
  };
}

function splitMix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  };
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
