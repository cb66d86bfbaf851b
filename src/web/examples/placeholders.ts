/** Data of earlier responses, by response key of the root field. */
export type Results = Readonly<Record<string, unknown>>;

export interface Filled {
  readonly variables: unknown;
  /** Placeholders without a value in an earlier response. They are left as they were. */
  readonly missing: readonly string[];
}

const PLACEHOLDER = /^\{([\w.|]+)\}$/;

/**
 * Fills the variables of an example from earlier responses. A string that consists of `{path}` becomes the value at that
 * path, whatever its type: `{createUpload.uploadId}`, `{runs.nodes.0.id}`. Several paths are separated by `|`, and the
 * first one with a value is used.
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
