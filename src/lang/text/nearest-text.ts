import { editDistance } from "./edit-distance.js";

/**
 * Returns the candidate that a mistyped text most likely stands for: the one with the least edit
 * distance, whatever the case. Null if every candidate differs in more than two fifths of its text.
 */
export function nearestText(text: string, candidates: Iterable<string>): string | null {
  let nearest: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const distance = editDistance(text.toLowerCase(), candidate.toLowerCase());
    if (distance >= least || distance > 0.4 * candidate.length) continue;
    nearest = candidate;
    least = distance;
  }
  return nearest;
}
