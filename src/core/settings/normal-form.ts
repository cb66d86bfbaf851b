import { isJsonObject, type JsonObject } from "../../lang/json.js";
import {
  defaultOf,
  defaultsByKindOf,
  type Group,
  isRecordedOnly,
  type Option,
  type Scalar,
  type Setting,
} from "./setting.js";

/**
 * Writes given settings in the one form that equal requests have in every version of the product. It is the form that
 * version 0.1 received from GraphQL: each field of a given group has its default. A later setting (`since`) is left out
 * where it has its default, so that a request means the same before and after the setting exists.
 *
 * @param defaults in the form of the settings: defaults that stand in place of those of the table
 */
export function normalForm(
  { settings }: Pick<Group, "settings">,
  given: object,
  defaults: object = {},
): JsonObject {
  const fields: Record<string, unknown> = { ...given };
  for (const [name, setting] of Object.entries(settings)) {
    const value = normalValue(setting, fields[name], (defaults as JsonObject)[name]);
    if (value === undefined) delete fields[name];
    else fields[name] = value;
  }
  return fields;
}

function normalValue(setting: Setting, value: unknown, otherDefault: unknown): unknown {
  switch (setting.kind) {
    case "group":
      if (setting.since !== undefined && value === null) return undefined;
      return isJsonObject(value)
        ? normalForm(setting, value, isJsonObject(otherDefault) ? otherDefault : {})
        : value;
    case "choice":
      return isJsonObject(value) ? normalChoice(setting.options, value) : value;
    case "decided":
      return value;
    default:
      return isRecordedOnly(setting)
        ? value
        : normalScalar(setting, value, otherDefault ?? defaultOf(setting));
  }
}

function normalChoice(options: Readonly<Record<string, Option>>, given: JsonObject): JsonObject {
  const entries = Object.entries(given).map(([kind, value]) => {
    const option = Object.hasOwn(options, kind) ? options[kind] : undefined;
    return [kind, option !== undefined && isJsonObject(value) ? normalForm(option, value) : value];
  });
  return Object.fromEntries(entries);
}

function normalScalar(setting: Scalar, value: unknown, otherwise: unknown): unknown {
  // The default depends on a setting beside it, so it is not written.
  if (defaultsByKindOf(setting).length > 0) return value ?? undefined;
  const { since } = setting;
  const full = value ?? otherwise;
  return since !== undefined && full === otherwise ? undefined : full;
}
