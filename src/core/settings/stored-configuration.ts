import { z } from "zod";
import { isJsonObject, type JsonObject } from "../../lang/json.js";
import { AppError } from "../app-error.js";
import type { RunConfiguration } from "../runs/configuration.js";
import { isVariants, type SettingsByKind, settingsByKind } from "./recorded-paths.js";
import { valueInEarlierRuns } from "./resolution.js";
import { RUN_SETTINGS } from "./run-settings.js";
import { type Group, isNullWhenRecorded, type Scalar, type Setting } from "./setting.js";
import type { Recorded } from "./setting-types.js";

/** Reads the configuration of a stored run; see `storedReader`. */
export const readRunConfiguration: (json: unknown) => RunConfiguration = storedReader(RUN_SETTINGS);

/**
 * Returns a reader of configurations that were stored as JSON. A setting that an earlier version did not have gets the
 * value of `valueInEarlierRuns`. A setting that only a later version has stays as it is, so that comparisons show it;
 * `unknownSettings` names such settings, and this version refuses to train the run. Ranges are not checked, because they
 * may have changed.
 *
 * The reader throws AppError `CONFIGURATION_UNREADABLE` for a value of the wrong type.
 */
export function storedReader<G extends Group>(group: G): (json: unknown) => Recorded<G> {
  const { schema, isComplete } = readingOfFields(readingsOf(group.settings));
  return (json) => {
    // Lists of runs read thousands of configurations; nearly all of them need nothing but this.
    if (isComplete(json)) return json as Recorded<G>;
    const { data, error } = schema.safeParse(json);
    if (error === undefined) return data as Recorded<G>;
    const [issue] = error.issues;
    throw new AppError(
      "CONFIGURATION_UNREADABLE",
      `A stored configuration has a value that this version cannot read, at ${issue?.path.join(".") || "its root"}: ` +
        `${issue?.message}. It is damaged, or a later version wrote it.`,
      { cause: error },
    );
  };
}

/** How a stored value is read. */
interface Reading {
  readonly schema: z.ZodType;
  /** Whether the schema would give the value back as it is: nothing is missing, and every type is right. */
  readonly isComplete: (value: unknown) => boolean;
}

type FieldReadings = readonly (readonly [name: string, Reading])[];

function readingsOf(settings: Readonly<Record<string, Setting>>): FieldReadings {
  return Object.entries(settings).map(([name, setting]) => [name, readingOf(setting)]);
}

function readingOf(setting: Setting): Reading {
  const { schema, isComplete } = readingOfValue(setting);
  const isNullable = isNullWhenRecorded(setting);
  const value = isNullable ? schema.nullable() : schema;
  const earlier = valueInEarlierRuns(setting);
  return {
    schema: earlier === undefined ? value : value.default(earlier),
    isComplete: isNullable ? (stored) => stored === null || isComplete(stored) : isComplete,
  };
}

function readingOfValue(setting: Setting): Reading {
  switch (setting.kind) {
    case "group":
      return readingOfFields(readingsOf(setting.settings));
    case "choice":
      return readingOfKinds(settingsByKind(setting));
    case "decided":
      return isVariants(setting.recorded)
        ? readingOfKinds(settingsByKind(setting.recorded))
        : readingOfFields(readingsOf(setting.recorded));
    default:
      return readingOfScalar(setting);
  }
}

function readingOfFields(fields: FieldReadings): Reading {
  return {
    schema: z.looseObject(shapeOf(fields)),
    isComplete: (value) => isJsonObject(value) && areComplete(fields, value),
  };
}

function readingOfKinds(byKind: SettingsByKind): Reading {
  const options = new Map<unknown, FieldReadings>();
  const schemas = Object.entries(byKind).map(([kind, settings]) => {
    const fields = readingsOf(settings);
    options.set(kind, fields);
    return z.looseObject({ kind: z.literal(kind), ...shapeOf(fields) });
  });
  const [first, ...others] = schemas;
  if (first === undefined) throw new Error("A choice needs at least one option.");
  return {
    schema: z.discriminatedUnion("kind", [first, ...others]),
    isComplete: (value) => {
      if (!isJsonObject(value)) return false;
      const fields = options.get(value.kind);
      return fields !== undefined && areComplete(fields, value);
    },
  };
}

function shapeOf(fields: FieldReadings): Readonly<Record<string, z.ZodType>> {
  return Object.fromEntries(fields.map(([name, { schema }]) => [name, schema]));
}

function areComplete(fields: FieldReadings, value: JsonObject): boolean {
  return fields.every(([name, { isComplete }]) => isComplete(value[name]));
}

function readingOfScalar(setting: Scalar): Reading {
  switch (setting.kind) {
    case "number":
    case "wholeNumber":
      return { schema: z.number(), isComplete: Number.isFinite };
    case "numbers":
    case "wholeNumbers":
      return {
        schema: z.array(z.number()),
        isComplete: (value) => Array.isArray(value) && value.every(Number.isFinite),
      };
    case "flag":
      return { schema: z.boolean(), isComplete: (value) => typeof value === "boolean" };
    case "word": {
      const words = Object.keys(setting.words.meanings);
      const known = new Set<unknown>(words);
      return { schema: z.enum(words), isComplete: (value) => known.has(value) };
    }
    case "text":
    case "reference":
      return { schema: z.string(), isComplete: (value) => typeof value === "string" };
  }
}
