import { isJsonObject, type JsonObject } from "../../lang/json.js";
import { valueAsText } from "../../lang/text/value-as-text.js";
import type { RunConfiguration } from "../runs/configuration.js";
import { hasEffect } from "./effect.js";
import { type RecordedPath, RUN_CONFIGURATION_PATHS, valueAt } from "./recorded-paths.js";

const KNOWN: ReadonlyMap<string, RecordedPath> = new Map(
  RUN_CONFIGURATION_PATHS.map((known) => [known.path.join("."), known]),
);

const PATHS_OF_LOSS = RUN_CONFIGURATION_PATHS.filter(({ setting }) => setting?.changesLoss === true);

/** Dotted paths of the settings that change the loss that training minimizes. */
export const LOSS_PATHS: readonly string[] = PATHS_OF_LOSS.map(({ path }) => path.join("."));

/**
 * The settings of a run as text, by dotted path such as "learningRate.initial", in the order of the table. A setting
 * that is null or has no effect is left out. Settings of a later version, which the table does not have, follow at the
 * end.
 */
export function recordedValues(configuration: RunConfiguration): ReadonlyMap<string, string> {
  const unknown = unknownLeaves({ ...configuration }, "").map(
    ([path, value]) => [path, valueAsText(value)] as const,
  );
  return new Map([...valuesAt(RUN_CONFIGURATION_PATHS, configuration), ...unknown]);
}

/** Those of `recordedValues` that define the loss that training minimizes. */
export function lossValues(configuration: RunConfiguration): ReadonlyMap<string, string> {
  return new Map(valuesAt(PATHS_OF_LOSS, configuration));
}

function valuesAt(
  paths: readonly RecordedPath[],
  configuration: RunConfiguration,
): readonly (readonly [path: string, value: string])[] {
  return paths.flatMap(({ path, setting }) => {
    const value = valueAt(configuration, path);
    if (value === null || value === undefined) return [];
    const beside = valueAt(configuration, path.slice(0, -1));
    if (setting !== null && isJsonObject(beside) && !hasEffect(setting, beside)) return [];
    return [[path.join("."), valueAsText(value)] as const];
  });
}

/** Dotted paths of settings that the table does not have: a later version of the product wrote them. */
export function unknownSettings(configuration: RunConfiguration): readonly string[] {
  return unknownLeaves({ ...configuration }, "").map(([path]) => path);
}

function unknownLeaves(fields: JsonObject, prefix: string): readonly (readonly [string, unknown])[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    const path = `${prefix}${name}`;
    if (isKnown(KNOWN.get(path), fields.kind)) return [];
    if (isJsonObject(value)) return unknownLeaves(value, `${path}.`);
    return value === null ? [] : [[path, value] as const];
  });
}

/** Whether a place is one of the table, and its setting one of the option that is recorded there. */
function isKnown(place: RecordedPath | undefined, kind: unknown): boolean {
  if (place === undefined) return false;
  return place.kinds === null || (typeof kind === "string" && place.kinds.includes(kind));
}
