import type { ClassFigures } from "../evaluation/evaluate-predictions.js";

/** A class in all compared runs. */
export interface ClassComparison {
  readonly name: string;
  /** In the order of the runs; null where a run does not have the class or its F1. */
  readonly f1: readonly (number | null)[];
}

/** The classes of a run and their F1. */
export interface EvaluatedClasses {
  readonly classNames: readonly string[];
  /** In the order of the names; empty before the run is evaluated. */
  readonly figures: readonly ClassFigures[];
}

/** The classes of all runs: those of the first run in its order, then the others. */
export function compareClasses(runs: readonly EvaluatedClasses[]): readonly ClassComparison[] {
  const names = new Set(runs.flatMap(({ classNames }) => classNames));
  const byName = runs.map(
    ({ classNames, figures }) => new Map(classNames.map((name, index) => [name, figures[index]?.f1 ?? null])),
  );
  return Array.from(names, (name) => ({ name, f1: byName.map((f1) => f1.get(name) ?? null) }));
}
