import { defaultOf, type Group, isRecordedOnly, type Option, type Scalar, type Setting } from "./setting.js";

type Fields = Readonly<Record<string, unknown>>;

/**
 * Writes given settings in the one form that equal requests have in every version of the product. It is the form that
 * version 0.1 received from GraphQL: each field of a given group has its default. A later setting (`since`) is left out
 * where it has its default, so that a request means the same before and after the setting exists.
 */
export function normalForm({ settings }: Pick<Group, "settings">, given: object): Fields {
  const fields: Record<string, unknown> = { ...given };
  for (const [name, setting] of Object.entries(settings)) {
    const value = normalValue(setting, fields[name]);
    if (value === undefined) delete fields[name];
    else fields[name] = value;
  }
  return fields;
}

function normalValue(setting: Setting, value: unknown): unknown {
  switch (setting.kind) {
    case "group":
      return isFields(value) ? normalForm(setting, value) : value;
    case "choice":
      return isFields(value) ? normalChoice(setting.options, value) : value;
    case "decided":
      return value;
    default:
      return isRecordedOnly(setting) ? value : normalScalar(setting, value);
  }
}

function normalChoice(options: Readonly<Record<string, Option>>, given: Fields): Fields {
  const entries = Object.entries(given).map(([kind, value]) => {
    const option = Object.hasOwn(options, kind) ? options[kind] : undefined;
    return [kind, option !== undefined && isFields(value) ? normalForm(option, value) : value];
  });
  return Object.fromEntries(entries);
}

function normalScalar(setting: Scalar, value: unknown): unknown {
  if (setting.since === undefined) return value === undefined ? defaultOf(setting) : value;
  return value === defaultOf(setting) ? undefined : value;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
