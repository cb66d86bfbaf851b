import { isJsonObject, type JsonObject } from "../../lang/json.js";
import { valueAsText } from "../../lang/text/value-as-text.js";
import type { RunConfiguration } from "../runs/configuration.js";
import { hasEffect } from "./effect.js";
import { RUN_SETTINGS } from "./run-settings.js";
import { defaultOf, type Option, type Scalar, type Setting } from "./setting.js";

/** A setting that changes nothing, because of the settings beside it. */
export interface SettingWithoutEffect {
  /** Dotted path of the recorded setting. */
  readonly path: string;
  /** The values that take the effect away, as a clause: "factor is 1". */
  readonly because: string;
}

/**
 * Returns the settings that somebody asked for but that have no effect. A setting with its default counts as not asked for,
 * since clients write defaults out.
 */
export function settingsWithoutEffect(configuration: RunConfiguration): readonly SettingWithoutEffect[] {
  return inFields(RUN_SETTINGS.settings, { ...configuration }, []);
}

function inFields(
  settings: Readonly<Record<string, Setting>>,
  recorded: JsonObject,
  path: readonly string[],
  { recordedAs = {} }: Partial<Pick<Option, "recordedAs">> = {},
): readonly SettingWithoutEffect[] {
  const recordedName = (name: string): string => recordedAs[name] ?? name;
  // Conditions name settings as they are given.
  const given = Object.fromEntries(Object.keys(settings).map((name) => [name, recorded[recordedName(name)]]));
  return Object.entries(settings).flatMap(([name, setting]) => {
    const place = [...path, recordedName(name)];
    const value = given[name];
    switch (setting.kind) {
      case "group":
        return isJsonObject(value) ? inFields(setting.settings, value, place) : [];
      case "choice":
        return isJsonObject(value) ? inOption(setting.options[String(value.kind)], value, place) : [];
      case "decided":
        return [];
      default:
        return isAskedFor(setting, value) && !hasEffect(setting, given)
          ? [{ path: place.join("."), because: stateOf(setting, given) }]
          : [];
    }
  });
}

function inOption(
  option: Option | undefined,
  recorded: JsonObject,
  path: readonly string[],
): readonly SettingWithoutEffect[] {
  return option === undefined ? [] : inFields(option.settings, recorded, path, option);
}

function isAskedFor(setting: Scalar, value: unknown): boolean {
  return value !== null && value !== undefined && value !== defaultOf(setting);
}

function stateOf({ appliesWhen = [] }: Scalar, given: JsonObject): string {
  const states = appliesWhen.map(({ setting }) => `${setting} is ${valueAsText(given[setting])}`);
  return new Intl.ListFormat("en", { type: "conjunction" }).format(states);
}
