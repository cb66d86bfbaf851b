import { z } from "zod";
import { isJsonObject } from "../../lang/json.js";
import { AppError } from "../app-error.js";
import type { RunConfiguration } from "../run-configuration.js";
import { isVariants, type SettingsByKind, settingsByKind } from "./recorded-paths.js";
import { valueInEarlierRuns } from "./resolution.js";
import { RUN_SETTINGS } from "./run-settings.js";
import type { Group, Scalar, Setting } from "./setting.js";
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
  const schema = fieldsSchema(group.settings);
  const isComplete = completeFields(group.settings);
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

type Check = (value: unknown) => boolean;

/** Checks that an object has every setting, with a value of its type, so that the schema would give it back as it is. */
function completeFields(settings: Readonly<Record<string, Setting>>): Check {
  const checks = Object.entries(settings).map(([name, setting]) => [name, completeValue(setting)] as const);
  return (value) => isJsonObject(value) && checks.every(([name, check]) => check(value[name]));
}

function completeValue(setting: Setting): Check {
  const check = completeOf(setting);
  return setting.whenNull === undefined ? check : (value) => value === null || check(value);
}

function completeOf(setting: Setting): Check {
  switch (setting.kind) {
    case "group":
      return completeFields(setting.settings);
    case "choice":
      return completeKinds(settingsByKind(setting));
    case "decided":
      return isVariants(setting.recorded)
        ? completeKinds(settingsByKind(setting.recorded))
        : completeFields(setting.recorded);
    case "number":
    case "wholeNumber":
      return Number.isFinite;
    case "flag":
      return (value) => typeof value === "boolean";
    case "text":
    case "reference":
      return (value) => typeof value === "string";
    case "word": {
      const { meanings } = setting.words;
      return (value) => typeof value === "string" && Object.hasOwn(meanings, value);
    }
    case "numbers":
    case "wholeNumbers":
      return (value) => Array.isArray(value) && value.every(Number.isFinite);
  }
}

function completeKinds(byKind: SettingsByKind): Check {
  const checks = new Map(Object.entries(byKind).map(([kind, settings]) => [kind, completeFields(settings)]));
  return (value) => isJsonObject(value) && checks.get(String(value.kind))?.(value) === true;
}

function fieldsSchema(settings: Readonly<Record<string, Setting>>): z.ZodType {
  return z.looseObject(
    Object.fromEntries(Object.entries(settings).map(([name, setting]) => [name, schemaOf(setting)])),
  );
}

function schemaOf(setting: Setting): z.ZodType {
  const value = setting.whenNull === undefined ? valueSchema(setting) : valueSchema(setting).nullable();
  const earlier = valueInEarlierRuns(setting);
  return earlier === undefined ? value : value.default(earlier);
}

function valueSchema(setting: Setting): z.ZodType {
  switch (setting.kind) {
    case "group":
      return fieldsSchema(setting.settings);
    case "choice":
      return kindsSchema(settingsByKind(setting));
    case "decided":
      return isVariants(setting.recorded)
        ? kindsSchema(settingsByKind(setting.recorded))
        : fieldsSchema(setting.recorded);
    default:
      return scalarSchema(setting);
  }
}

function kindsSchema(byKind: SettingsByKind): z.ZodType {
  const [first, ...others] = Object.entries(byKind).map(([kind, settings]) =>
    z.looseObject({
      kind: z.literal(kind),
      ...Object.fromEntries(Object.entries(settings).map(([name, setting]) => [name, schemaOf(setting)])),
    }),
  );
  if (first === undefined) throw new Error("A choice needs at least one option.");
  return z.discriminatedUnion("kind", [first, ...others]);
}

function scalarSchema(setting: Scalar): z.ZodType {
  switch (setting.kind) {
    case "number":
    case "wholeNumber":
      return z.number();
    case "numbers":
    case "wholeNumbers":
      return z.array(z.number());
    case "flag":
      return z.boolean();
    case "word":
      return z.enum(Object.keys(setting.words.meanings));
    case "text":
    case "reference":
      return z.string();
  }
}
