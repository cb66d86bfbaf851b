/** Data of earlier answers, by response key of the root field. */
export type Results = Readonly<Record<string, unknown>>;

export interface Filled {
  readonly variables: unknown;
  /** Placeholders for which no earlier answer holds a value; they are left as they were. */
  readonly missing: readonly string[];
}

const PLACEHOLDER = /^\{([\w.|]+)\}$/;

/**
 * Fills in an example's variables from earlier answers. A string that is wholly `{path}` becomes the
 * value at that path, of whatever type: `{createUpload.uploadId}`, `{runs.nodes.0.id}`. Alternatives
 * are separated by `|`; the first that has a value counts.
 */
export function fillPlaceholders(variables: unknown, results: Results): Filled {
  const missing: string[] = [];
  const fill = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(fill);
    if (typeof value === "object" && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner)]));
    }
    const paths = typeof value === "string" ? PLACEHOLDER.exec(value)?.[1]?.split("|") : undefined;
    if (paths === undefined) return value;
    for (const path of paths) {
      const found = valueAt(results, path);
      if (found !== undefined && found !== null) return found;
    }
    missing.push(paths[0] ?? "");
    return value;
  };
  return { variables: fill(variables), missing };
}

function valueAt(results: Results, path: string): unknown {
  let value: unknown = results;
  for (const key of path.split(".")) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
