import { nearestOf } from "../../lang/text/nearest-text.js";
import { ENVIRONMENT_VARIABLES } from "./variables.js";

const PREFIX = "ESPALIER_";
const KNOWN: ReadonlySet<string> = new Set(Object.keys(ENVIRONMENT_VARIABLES));
/** Variables of the tests, and of programs that use the API. */
const OTHERS = /^ESPALIER_(TEST_.*|FUZZ_ROUNDS|URL|TOKEN)$/;
/** So many letters may be wrong in a name that does not begin with the prefix. */
const MAX_WRONG = 2;

/** A variable that nothing reads. */
export interface MisspelledVariable {
  readonly name: string;
  /** The most similar variable that is read. */
  readonly nearest: string;
}

/**
 * The variables that look like those of Espalier and are not: they begin with `ESPALIER_`, or they differ little from one
 * that is not set.
 */
export function misspelledVariables(environment: NodeJS.ProcessEnv): readonly MisspelledVariable[] {
  return Object.keys(environment)
    .filter((name) => !KNOWN.has(name) && !OTHERS.test(name))
    .sort()
    .flatMap((name) => {
      const near = nearestOf(name, KNOWN);
      if (near === null) return [];
      const { text: nearest, distance } = near;
      const isOurs = name.toUpperCase().startsWith(PREFIX) || name.toUpperCase() === nearest;
      const isClose = distance <= MAX_WRONG && environment[nearest] === undefined;
      return isOurs || isClose ? [{ name, nearest }] : [];
    });
}
