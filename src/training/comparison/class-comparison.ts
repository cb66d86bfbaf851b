import type { ClassFigures } from "../evaluation/evaluate-predictions.js";

/** One class in every compared run. */
export interface ClassComparison {
  readonly name: string;
  /** In the order of the runs; null where a run lacks the class, or has no F1 of it. */
  readonly f1: readonly (number | null)[];
}

/** What a run knows of its classes. */
export interface EvaluatedClasses {
  readonly classNames: readonly string[];
  /** In the order of the names; empty before the run has been evaluated. */
  readonly figures: readonly ClassFigures[];
}

/** Every class that one of the runs has: those of the first run in its order, then the others. */
export function compareClasses(runs: readonly EvaluatedClasses[]): readonly ClassComparison[] {
  const names = new Set(runs.flatMap(({ classNames }) => classNames));
  const byName = runs.map(
    ({ classNames, figures }) => new Map(classNames.map((name, index) => [name, figures[index]?.f1 ?? null])),
  );
  return Array.from(names, (name) => ({ name, f1: byName.map((f1) => f1.get(name) ?? null) }));
}
