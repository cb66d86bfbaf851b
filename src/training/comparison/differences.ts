/** A setting in which things differ. */
export interface Difference {
  /** Dotted, such as "learningRate.initial". */
  readonly path: string;
  /** In the order of what was compared, as text; null where there is no such setting. */
  readonly values: readonly (string | null)[];
}

/**
 * The settings, however deep, that are not the same in all of the objects, by path; null has no settings.
 * A list of words or numbers is one setting. A list of anything else, such as times that were measured, is
 * none: it says what happened, not what was set.
 */
export function differencesOf(objects: readonly (object | null)[]): readonly Difference[] {
  const flat = objects.map((object) => new Map(object === null ? [] : settingsOf(object, "")));
  const paths = [...new Set(flat.flatMap((settings) => [...settings.keys()]))].sort();
  return paths
    .map((path) => ({ path, values: flat.map((settings) => settings.get(path) ?? null) }))
    .filter(({ values }) => new Set(values).size > 1);
}

function settingsOf(object: object, prefix: string): readonly (readonly [string, string])[] {
  return Object.entries(object).flatMap(([name, value]) => {
    const path = `${prefix}${name}`;
    if (value === null || value === undefined) return [];
    if (Array.isArray(value)) {
      return value.some((item) => typeof item === "object") ? [] : [[path, value.join(", ")] as const];
    }
    if (typeof value === "object") return settingsOf(value, `${path}.`);
    return [[path, String(value)] as const];
  });
}
