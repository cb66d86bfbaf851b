/** One thing of a list that must come once and in its place. */
export interface Entry {
  /** What it is, for people too: "step 40", "the event EpochCompleted of epoch 3". */
  readonly key: string;
  /** What it says; equal texts say the same. */
  readonly content: string;
}

/** What is wrong with a list beside another. */
export interface Deviation {
  readonly kind: DeviationKind;
  readonly key: string;
  /** For people, after the key: "expected 1, found 2". */
  readonly words: string;
}

export type DeviationKind = "LOST" | "CHANGED" | "DOUBLED" | "UNEXPECTED" | "OUT_OF_ORDER";

/**
 * Compares a list with the one that it should be, whose keys are all different: each of its entries must
 * be there once, say the same, and stand behind those that it should stand behind.
 */
export function alignEntries(expected: readonly Entry[], actual: readonly Entry[]): readonly Deviation[] {
  const places = new Map(expected.map(({ key }, place) => [key, place]));
  const found = new Set<string>();
  const deviations: Deviation[] = [];
  let furthest = -1;
  for (const { key, content } of actual) {
    const place = places.get(key);
    if (found.has(key)) {
      deviations.push({ kind: "DOUBLED", key, words: "is there more than once" });
      continue;
    }
    found.add(key);
    if (place === undefined) {
      deviations.push({ kind: "UNEXPECTED", key, words: "should not be there" });
      continue;
    }
    const wanted = expected[place]?.content ?? "";
    if (content !== wanted) {
      deviations.push({ kind: "CHANGED", key, words: `expected ${wanted}, found ${content}` });
    }
    if (place < furthest) {
      deviations.push({ kind: "OUT_OF_ORDER", key, words: `stands behind ${expected[furthest]?.key}` });
    }
    furthest = Math.max(furthest, place);
  }
  for (const { key } of expected) {
    if (!found.has(key)) deviations.push({ kind: "LOST", key, words: "is missing" });
  }
  return deviations;
}
