import { type InitializationReport, MAX_REPORTED_NAMES } from "../../core/runs/initialization-report.js";
import { PREDICTIONS } from "../../graph/architectures/head.js";
import { type FittedWeights, type OfferedWeights, sourceClassNames } from "./fit-weights.js";
import { printable } from "./invalid-weights.js";
import type { WantedWeights } from "./wanted-weights.js";

/** How the weights were found in a file; nothing of it applies to a model version. */
export interface FileFindings {
  readonly prefix: string | null;
  readonly container: string | null;
  readonly epsilon: number | null;
  readonly ignored: readonly string[];
}

const NO_FINDINGS: FileFindings = { prefix: null, container: null, epsilon: null, ignored: [] };

/** @param source where the weights come from: "flowers:3" */
export function reportOf(
  source: string,
  { classNames }: WantedWeights,
  offered: OfferedWeights,
  { copied, random, classes }: FittedWeights,
  { prefix, container, epsilon, ignored }: FileFindings = NO_FINDINGS,
): InitializationReport {
  const named =
    classNames !== null && sourceClassNames(offered) !== null && copied.includes(`${PREDICTIONS}/kernel`)
      ? classNames.map((name, index) => ({ name, isNew: classes?.positions[index] === null }))
      : null;
  const namesOf = (isNew: boolean): string[] =>
    (named ?? []).filter((each) => each.isNew === isNew).map(({ name }) => name);
  const [taken, fresh] = [namesOf(false), namesOf(true)];
  return {
    source,
    looksLike: offered.looksLike ?? "",
    prefix,
    container,
    normalizationEpsilon: epsilon,
    copied,
    random,
    ignored: ignored.slice(0, MAX_REPORTED_NAMES).map(printable),
    ignoredCount: ignored.length,
    classes:
      named === null
        ? null
        : {
            copied: taken.slice(0, MAX_REPORTED_NAMES),
            copiedCount: taken.length,
            fresh: fresh.slice(0, MAX_REPORTED_NAMES),
            freshCount: fresh.length,
          },
  };
}
