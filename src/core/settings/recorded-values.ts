import { isJsonObject } from "../../lang/json.js";
import type { RunConfiguration } from "../run-configuration.js";
import { RUN_CONFIGURATION_PATHS, valueAt } from "./recorded-paths.js";

const KNOWN = new Set(RUN_CONFIGURATION_PATHS.map(({ path }) => path.join(".")));

/**
 * The settings of a run as text, by dotted path such as "learningRate.initial", in the order of the table. A setting
 * that is null is left out. Settings of a later version, which the table does not have, follow at the end.
 */
export function recordedValues(configuration: RunConfiguration): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  const add = (path: string, value: unknown): void => {
    if (value === null || value === undefined) return;
    values.set(path, Array.isArray(value) ? value.join(", ") : String(value));
  };
  for (const { path } of RUN_CONFIGURATION_PATHS) add(path.join("."), valueAt(configuration, path));
  for (const [path, value] of unknownLeaves(configuration, "")) add(path, value);
  return values;
}

/** Dotted paths of settings that the table does not have: a later version of the product wrote them. */
export function unknownSettings(configuration: RunConfiguration): readonly string[] {
  return unknownLeaves(configuration, "").map(([path]) => path);
}

function unknownLeaves(fields: object, prefix: string): readonly (readonly [string, unknown])[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    const path = `${prefix}${name}`;
    if (KNOWN.has(path)) return [];
    if (isJsonObject(value)) return unknownLeaves(value, `${path}.`);
    return value === null ? [] : [[path, value] as const];
  });
}
