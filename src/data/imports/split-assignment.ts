import { hash as digest } from "node:crypto";
import { AppError } from "../../core/app-error.js";
import { Split } from "../../core/enumerations.js";

/** The fractions of the images for validation and test. The remaining images are for training. */
export interface SplitRatios {
  readonly validation: number;
  readonly test: number;
  readonly seed: number;
}

/** The order in which the first images of a class are assigned, so that each split has one. */
const FIRST_SPLITS: readonly Split[] = ["TRAIN", "VALIDATION", "TEST"];
const MAX_SEED = 2 ** 31 - 1;

/** @throws AppError `SPLIT_RATIOS_INVALID`, `SPLIT_SEED_INVALID` */
export function checkSplitRatios({ validation, test, seed }: SplitRatios): void {
  const isFraction = (value: number): boolean => Number.isFinite(value) && value >= 0 && value < 1;
  if (!isFraction(validation) || !isFraction(test) || validation + test >= 1) {
    throw new AppError(
      "SPLIT_RATIOS_INVALID",
      "The fractions of validation and test must each be from 0 to below 1 and add up to less than 1, so that " +
        `images remain for training. Received validation ${validation}, test ${test}.`,
      { path: ["split"] },
    );
  }
  if (!Number.isInteger(seed) || Math.abs(seed) > MAX_SEED) {
    throw new AppError(
      "SPLIT_SEED_INVALID",
      `A split's seed must be a whole number from -${MAX_SEED} to ${MAX_SEED}. Received ${seed}.`,
      { path: ["split", "seed"] },
    );
  }
}

/** An image as seen by the splits: by its content alone, so that exact copies always stay together. */
export interface SplitCandidate {
  readonly contentHash: string;
  readonly classIndex: number;
}

/** The splits of an earlier version, by content hash, and its ratios. */
export interface EarlierSplits {
  readonly ratios: SplitRatios;
  readonly splitByHash: ReadonlyMap<string, Split>;
}

/**
 * Assigns every distinct image to a split, class by class. Each split gets its fraction of the class within rounding,
 * and at least one image when the class has three (validation before test when it has two). The SHA-256 of seed and
 * content decides which images, so the result depends neither on their order nor on their names.
 *
 * An image of the earlier version keeps its split when the seed is the same, so that the test split of the new version
 * contains no training images of the earlier one. As few images as possible move, and only when other ratios or missing
 * images would leave a split empty or too large.
 *
 * @returns the split by content hash
 */
export function assignSplits(
  images: Iterable<SplitCandidate>,
  ratios: SplitRatios,
  earlier: EarlierSplits | null,
): Map<string, Split> {
  const hashesByClass = new Map<number, Set<string>>();
  for (const { classIndex, contentHash } of images) {
    const hashes = hashesByClass.get(classIndex) ?? new Set();
    hashesByClass.set(classIndex, hashes.add(contentHash));
  }
  const known = earlier !== null && earlier.ratios.seed === ratios.seed ? earlier : null;
  const splits = new Map<string, Split>();
  for (const hashes of hashesByClass.values()) {
    for (const [hash, split] of new ClassAssignment(hashes, ratios, known).splits) splits.set(hash, split);
  }
  return splits;
}

/** The assignment of one class. */
class ClassAssignment {
  readonly splits = new Map<string, Split>();
  readonly #counts: Record<Split, number> = { TRAIN: 0, VALIDATION: 0, TEST: 0 };
  /** The number of images that each split should have, not rounded. */
  readonly #quotas: Record<Split, number>;
  /** The content hashes of the class, in the order that the seed decides. */
  readonly #order: readonly string[];

  constructor(hashes: ReadonlySet<string>, ratios: SplitRatios, earlier: EarlierSplits | null) {
    this.#order = seededOrder(hashes, ratios.seed);
    const { validation, test } = ratios;
    this.#quotas = {
      TRAIN: hashes.size * (1 - validation - test),
      VALIDATION: hashes.size * validation,
      TEST: hashes.size * test,
    };
    if (earlier !== null) this.#keep(earlier, ratios);
    this.#fillEmptySplits();
    for (const hash of this.#order) {
      if (!this.splits.has(hash)) this.#put(hash, this.#mostLacking());
    }
  }

  #keep(earlier: EarlierSplits, ratios: SplitRatios): void {
    const sameRatios = earlier.ratios.validation === ratios.validation && earlier.ratios.test === ratios.test;
    for (const hash of this.#order) {
      const split = earlier.splitByHash.get(hash);
      if (split === undefined) continue;
      // With new ratios a split keeps at most its quota. The remaining images are assigned again.
      if (sameRatios || this.#counts[split] + 1 <= Math.ceil(this.#quotas[split])) this.#put(hash, split);
    }
  }

  /** Assigns one image to each split with a quota, as long as the class has images. */
  #fillEmptySplits(): void {
    const wanted = FIRST_SPLITS.filter((split) => this.#quotas[split] > 0);
    for (const split of wanted.slice(0, this.#order.length)) {
      if (this.#counts[split] > 0) continue;
      const hash = this.#order.find((candidate) => !this.splits.has(candidate)) ?? this.#takeFromLargest();
      if (hash !== null) this.#put(hash, split);
    }
  }

  /** Takes an image from the split that is furthest above its quota and has more than one image. */
  #takeFromLargest(): string | null {
    const spare = FIRST_SPLITS.filter((split) => this.#counts[split] > 1);
    const [largest] = spare.sort((a, b) => this.#lacking(a) - this.#lacking(b));
    const hash = this.#order.findLast((candidate) => this.splits.get(candidate) === largest);
    if (largest === undefined || hash === undefined) return null;
    this.#counts[largest]--;
    this.splits.delete(hash);
    return hash;
  }

  #put(hash: string, split: Split): void {
    this.splits.set(hash, split);
    this.#counts[split]++;
  }

  #lacking(split: Split): number {
    return this.#quotas[split] - this.#counts[split];
  }

  /** Assigning each image to the split that lacks most rounds by the largest remainder. */
  #mostLacking(): Split {
    return FIRST_SPLITS.reduce((most, split) => (this.#lacking(split) > this.#lacking(most) ? split : most));
  }
}

function seededOrder(hashes: ReadonlySet<string>, seed: number): string[] {
  return Array.from(hashes, (hash) => ({ hash, key: digest("sha256", `${seed}:${hash}`) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ hash }) => hash);
}
