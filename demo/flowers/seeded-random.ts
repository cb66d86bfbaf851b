import { createHash } from "node:crypto";

/** Random numbers that depend on the seed alone, so that the same seed always draws the same image. */
export class SeededRandom {
  #state: number;

  /** @param seed any text. Each image has its own seed, so the order of drawing does not matter. */
  constructor(seed: string) {
    this.#state = createHash("sha256").update(seed).digest().readUInt32LE(0);
  }

  /** Uniform in [0, 1). Mulberry32 (Tommy Ettinger, public domain): 32 bits of state are enough for drawing. */
  unit(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.unit();
  }

  /** A whole number from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return Math.floor(this.between(low, high + 1));
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  /** Approximately normal with mean 0 and standard deviation 1, from three uniform numbers. */
  normal(): number {
    return (this.unit() + this.unit() + this.unit() - 1.5) * 2;
  }

  /** A key of the table, with a probability in proportion to its weight. */
  weighted<Key extends string>(weights: Readonly<Record<Key, number>>): Key {
    const entries = Object.entries(weights) as [Key, number][];
    let rest = this.unit() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) {
      rest -= weight;
      if (rest < 0) return key;
    }
    throw new Error("The weights of a table must add up to more than 0.");
  }
}
