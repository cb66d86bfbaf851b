import { isJsonObject } from "../../lang/json.js";
import { valueAsText } from "../../lang/text/value-as-text.js";

/** A setting whose values differ. */
export interface Difference {
  /** Dotted path, such as "learningRate.initial". */
  readonly path: string;
  /** The values as text, in the order of the compared objects; null where an object does not have the setting. */
  readonly values: readonly (string | null)[];
}

/** The settings that are not equal in all objects, by path. */
export function differencesBetween(settings: readonly ReadonlyMap<string, string>[]): readonly Difference[] {
  const paths = [...new Set(settings.flatMap((values) => [...values.keys()]))].sort();
  return paths
    .map((path) => ({ path, values: settings.map((values) => values.get(path) ?? null) }))
    .filter(({ values }) => new Set(values).size > 1);
}

/**
 * The fields of an object at all depths as text, by path; null has no fields. A list of words or numbers is one field. A
 * list of objects, such as measured times, is left out: it records what happened, not what was set.
 */
export function fieldsByPath(object: object | null): ReadonlyMap<string, string> {
  return new Map(object === null ? [] : fieldsBelow(object, ""));
}

function fieldsBelow(object: object, prefix: string): readonly (readonly [string, string])[] {
  return Object.entries(object).flatMap(([name, value]) => {
    const path = `${prefix}${name}`;
    if (value === null || value === undefined) return [];
    if (isJsonObject(value)) return fieldsBelow(value, `${path}.`);
    const ofObjects = Array.isArray(value) && value.some((item) => typeof item === "object");
    return ofObjects ? [] : [[path, valueAsText(value)] as const];
  });
}
