import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { AppError } from "../../../../src/core/app-error.js";
import type { Split } from "../../../../src/core/enumerations.js";
import {
  assignSplits,
  checkSplitRatios,
  type EarlierSplits,
  type SplitCandidate,
  type SplitRatios,
} from "../../../../src/data/imports/split-assignment.js";
import { seededRandom } from "../../../testkit/random.js";

const RATIOS: SplitRatios = { validation: 0.15, test: 0.15, seed: 7 };

function images(classIndex: number, count: number, from = 0): SplitCandidate[] {
  return Array.from({ length: count }, (_, index) => ({
    classIndex,
    contentHash: createHash("sha256")
      .update(`${classIndex} ${from + index}`)
      .digest("hex"),
  }));
}

type Counts = Record<Split, number>;

function countsOf(candidates: readonly SplitCandidate[], splits: ReadonlyMap<string, Split>): Counts {
  const counts: Counts = { TRAIN: 0, VALIDATION: 0, TEST: 0 };
  for (const { contentHash } of candidates) {
    const split = splits.get(contentHash);
    if (split !== undefined) counts[split]++;
  }
  return counts;
}

function quotas(count: number, { validation, test: testFraction }: SplitRatios): Counts {
  return {
    TRAIN: count * (1 - validation - testFraction),
    VALIDATION: count * validation,
    TEST: count * testFraction,
  };
}

describe("splits", () => {
  test("each class follows the ratios within rounding, with one image in each split from three images on", () => {
    const random = seededRandom(1);
    for (let round = 0; round < 200; round++) {
      const ratios = { validation: random() * 0.45, test: random() * 0.45, seed: round };
      const count = 3 + Math.floor(random() * 60);
      const candidates = images(0, count);
      const counts = countsOf(candidates, assignSplits(candidates, ratios, null));
      assert.equal(counts.TRAIN + counts.VALIDATION + counts.TEST, count);
      const exact = quotas(count, ratios);
      for (const split of ["TRAIN", "VALIDATION", "TEST"] as const) {
        assert.ok(counts[split] >= 1, `${split} of ${count} by ${JSON.stringify(ratios)} is empty`);
        // An empty split takes an image from another split, which then differs by one.
        const slack = Object.values(exact).some((quota) => quota < 1) ? 2 : 1;
        assert.ok(
          Math.abs(counts[split] - exact[split]) < slack,
          `${split}: ${counts[split]} for ${exact[split]}`,
        );
      }
    }
  });

  test("classes are split separately, so that a rare class is in each split", () => {
    const candidates = [...images(0, 1000), ...images(1, 3)];
    const splits = assignSplits(candidates, RATIOS, null);
    assert.deepEqual(countsOf(images(1, 3), splits), { TRAIN: 1, VALIDATION: 1, TEST: 1 });
    assert.deepEqual(countsOf(images(0, 1000), splits), { TRAIN: 700, VALIDATION: 150, TEST: 150 });
  });

  test("a fraction of zero leaves its split empty", () => {
    const candidates = images(0, 10);
    const splits = assignSplits(candidates, { validation: 0.3, test: 0, seed: 0 }, null);
    assert.deepEqual(countsOf(candidates, splits), { TRAIN: 7, VALIDATION: 3, TEST: 0 });
    const allTrain = assignSplits(candidates, { validation: 0, test: 0, seed: 0 }, null);
    assert.deepEqual(countsOf(candidates, allTrain), { TRAIN: 10, VALIDATION: 0, TEST: 0 });
  });

  test("a single image is for training, and a second one for validation", () => {
    assert.deepEqual(countsOf(images(0, 1), assignSplits(images(0, 1), RATIOS, null)), {
      TRAIN: 1,
      VALIDATION: 0,
      TEST: 0,
    });
    assert.deepEqual(countsOf(images(0, 2), assignSplits(images(0, 2), RATIOS, null)), {
      TRAIN: 1,
      VALIDATION: 1,
      TEST: 0,
    });
  });

  test("the splits depend on the seed and not on the order of the images", () => {
    const candidates = images(0, 50);
    const splits = assignSplits(candidates, RATIOS, null);
    const reversed = assignSplits(candidates.toReversed(), RATIOS, null);
    assert.deepEqual([...splits].sort(), [...reversed].sort());
    assert.notDeepEqual(
      [...splits].sort(),
      [...assignSplits(candidates, { ...RATIOS, seed: 8 }, null)].sort(),
    );
  });

  test("copies of an image count once and are in one split", () => {
    const candidates = images(0, 10);
    const withCopies = [...candidates, ...candidates, ...candidates.slice(0, 3)];
    assert.deepEqual(
      [...assignSplits(withCopies, RATIOS, null)].sort(),
      [...assignSplits(candidates, RATIOS, null)].sort(),
    );
  });
});

describe("splits of a dataset that grows", () => {
  test("an image keeps its split in every version as long as the ratios and the minimum hold", () => {
    const random = seededRandom(5);
    for (let round = 0; round < 50; round++) {
      const ratios = { validation: 0.05 + random() * 0.4, test: 0.05 + random() * 0.4, seed: round };
      let earlier: EarlierSplits | null = null;
      let count = 0;
      for (let version = 0; version < 8; version++) {
        count += 1 + Math.floor(random() * 12);
        const candidates = images(0, count);
        const splits: Map<string, Split> = assignSplits(candidates, ratios, earlier);
        for (const [hash, split] of earlier?.splitByHash ?? []) assert.equal(splits.get(hash), split);
        const counts = countsOf(candidates, splits);
        const exact = quotas(count, ratios);
        for (const split of ["TRAIN", "VALIDATION", "TEST"] as const) {
          if (count >= 3) assert.ok(counts[split] >= 1, `${split} is empty with ${count}`);
          assert.ok(
            Math.abs(counts[split] - exact[split]) < 2,
            `${split}: ${counts[split]} for ${exact[split]}`,
          );
        }
        earlier = { ratios, splitByHash: splits };
      }
    }
  });

  test("another seed gives other splits", () => {
    const candidates = images(0, 60);
    const earlier = { ratios: RATIOS, splitByHash: assignSplits(candidates, RATIOS, null) };
    const ratios = { ...RATIOS, seed: 99 };
    assert.deepEqual(assignSplits(candidates, ratios, earlier), assignSplits(candidates, ratios, null));
  });

  test("other ratios move as few images as possible", () => {
    const candidates = images(0, 100);
    const earlier = { ratios: RATIOS, splitByHash: assignSplits(candidates, RATIOS, null) };
    const ratios = { validation: 0.3, test: 0, seed: RATIOS.seed };
    const splits = assignSplits(candidates, ratios, earlier);
    assert.deepEqual(countsOf(candidates, splits), { TRAIN: 70, VALIDATION: 30, TEST: 0 });
    const moved = candidates.filter(
      ({ contentHash }) => splits.get(contentHash) !== earlier.splitByHash.get(contentHash),
    );
    assert.equal(moved.length, 15);
  });

  test("a split that lost all its images gets one again", () => {
    const candidates = images(0, 10);
    const earlier = { ratios: RATIOS, splitByHash: assignSplits(candidates, RATIOS, null) };
    const rest = candidates.filter(
      ({ contentHash }) => earlier.splitByHash.get(contentHash) !== "VALIDATION",
    );
    const counts = countsOf(rest, assignSplits(rest, RATIOS, earlier));
    assert.ok(counts.TRAIN >= 1 && counts.VALIDATION === 1 && counts.TEST >= 1, JSON.stringify(counts));
  });
});

describe("split ratios", () => {
  const invalid: { validation: number; test: number; seed: number }[] = [
    { validation: 0.5, test: 0.5, seed: 0 },
    { validation: -0.1, test: 0.1, seed: 0 },
    { validation: 1, test: 0, seed: 0 },
    { validation: Number.NaN, test: 0.1, seed: 0 },
    { validation: 0.1, test: Number.POSITIVE_INFINITY, seed: 0 },
  ];
  for (const ratios of invalid) {
    test(`${JSON.stringify(ratios)} is refused`, () => {
      assert.throws(
        () => checkSplitRatios(ratios),
        (error) =>
          error instanceof AppError && error.code === "SPLIT_RATIOS_INVALID" && error.path[0] === "split",
      );
    });
  }

  test("splits without validation and test are allowed", () =>
    checkSplitRatios({ validation: 0, test: 0, seed: 0 }));
});
