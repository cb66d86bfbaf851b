import { editDistance } from "./edit-distance.js";

export interface NearText {
  readonly text: string;
  /** The edit distance, whatever the case. */
  readonly distance: number;
}

/**
 * Returns the candidate with the least edit distance to a text, whatever the case: the first of several. Null when every
 * candidate is farther away than `limitOf` allows it.
 */
export function nearestOf(
  text: string,
  candidates: Iterable<string>,
  limitOf: (candidate: string) => number = () => Number.POSITIVE_INFINITY,
): NearText | null {
  let nearest: NearText | null = null;
  for (const candidate of candidates) {
    const distance = editDistance(text.toLowerCase(), candidate.toLowerCase());
    if (distance > limitOf(candidate) || (nearest !== null && distance >= nearest.distance)) continue;
    nearest = { text: candidate, distance };
  }
  return nearest;
}

/**
 * Returns the candidate that a mistyped text most likely stands for. Null if every candidate differs in more than two fifths
 * of its text.
 */
export function nearestText(text: string, candidates: Iterable<string>): string | null {
  return nearestOf(text, candidates, ({ length }) => 0.4 * length)?.text ?? null;
}
