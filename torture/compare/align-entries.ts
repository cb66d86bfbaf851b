/** An entry of a list that must be there once, at its position. */
export interface Entry {
  /** Identifies the entry, also in reports: "step 40", "EpochCompleted of epoch 3". */
  readonly key: string;
  /** The content as text. Equal texts mean equal contents. */
  readonly content: string;
}

/** A difference between a list and the expected one. */
export interface Deviation {
  readonly kind: DeviationKind;
  readonly key: string;
  /** Continues the key in reports: "expected 1, found 2". */
  readonly words: string;
}

export type DeviationKind = "LOST" | "CHANGED" | "DOUBLED" | "UNEXPECTED" | "OUT_OF_ORDER";

/**
 * Compares a list with the expected list, whose keys are unique. Each expected entry must be there once, with the same
 * content and in the same order.
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
      deviations.push({ kind: "OUT_OF_ORDER", key, words: `comes after ${expected[furthest]?.key}` });
    }
    furthest = Math.max(furthest, place);
  }
  for (const { key } of expected) {
    if (!found.has(key)) deviations.push({ kind: "LOST", key, words: "is missing" });
  }
  return deviations;
}
