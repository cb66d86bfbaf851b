import { isJsonObject } from "../../lang/json.js";
import { valueInEarlierRuns } from "./resolution.js";
import { RUN_SETTINGS } from "./run-settings.js";
import type { Choice, Group, Scalar, Setting, Variants } from "./setting.js";

/** A place in a recorded configuration that holds one value: a leaf of the table. */
export interface RecordedPath {
  /** ["learningRate", "decayEpochs"] */
  readonly path: readonly string[];
  /** Null for `kind`, the word that tells which option of a choice is recorded. */
  readonly setting: Scalar | null;
  /** The options that have the setting; null where it does not depend on a `kind` beside it. */
  readonly kinds: readonly string[] | null;
  /** Not null if runs of earlier versions lack the value, because the setting or its group was added later. */
  readonly addedLater: AddedLater | null;
}

export interface AddedLater {
  /** Path of the setting, or of the group, that earlier runs lack. */
  readonly missing: readonly string[];
  /** The value that earlier runs have instead. */
  readonly value: unknown;
}

/** The settings of each option of a choice, by their recorded names. */
export type SettingsByKind = Readonly<Record<string, Readonly<Record<string, Scalar>>>>;

/** Every place of a recorded configuration, in the order of the table. */
export function recordedPathsOf(group: Group): readonly RecordedPath[] {
  return pathsOfFields(group.settings, [], null);
}

export function settingsByKind(setting: Choice | Variants): SettingsByKind {
  return "variants" in setting ? setting.variants : settingsOfOptions(setting);
}

/** A setting of a choice, and the options that have it. */
export interface SettingOfKinds {
  readonly setting: Scalar;
  /** Null: all of them. */
  readonly kinds: readonly string[] | null;
}

/** Returns every setting that at least one of the options has, by its recorded name. */
export function mergeKinds(byKind: SettingsByKind): ReadonlyMap<string, SettingOfKinds> {
  const merged = new Map<string, { readonly setting: Scalar; readonly kinds: string[] }>();
  for (const [kind, settings] of Object.entries(byKind)) {
    for (const [name, setting] of Object.entries(settings)) {
      const found = merged.get(name);
      if (found === undefined) merged.set(name, { setting, kinds: [kind] });
      else found.kinds.push(kind);
    }
  }
  const all = Object.keys(byKind).length;
  return new Map(
    Array.from(merged, ([name, { setting, kinds }]) => [
      name,
      { setting, kinds: kinds.length === all ? null : kinds },
    ]),
  );
}

function pathsOfFields(
  settings: Readonly<Record<string, Setting>>,
  path: readonly string[],
  added: AddedLater | null,
): readonly RecordedPath[] {
  return Object.entries(settings).flatMap(([name, setting]) => pathsOf(setting, [...path, name], added));
}

function pathsOf(
  setting: Setting,
  path: readonly string[],
  around: AddedLater | null,
): readonly RecordedPath[] {
  const added = around ?? addedAt(setting, path);
  switch (setting.kind) {
    case "group":
      return pathsOfFields(setting.settings, path, added);
    case "choice":
      return pathsOfKinds(setting, path, added);
    case "decided":
      return isVariants(setting.recorded)
        ? pathsOfKinds(setting.recorded, path, added)
        : pathsOfFields(setting.recorded, path, added);
    default:
      return [{ path, setting, kinds: null, addedLater: leafOf(added, path) }];
  }
}

function pathsOfKinds(
  choice: Choice | Variants,
  path: readonly string[],
  around: AddedLater | null,
): readonly RecordedPath[] {
  const kind = [...path, "kind"];
  const ofKinds = Array.from(mergeKinds(settingsByKind(choice)), ([name, { setting, kinds }]) => {
    const place = [...path, name];
    return { path: place, setting, kinds, addedLater: leafOf(around ?? addedAt(setting, place), place) };
  });
  return [{ path: kind, setting: null, kinds: null, addedLater: leafOf(around, kind) }, ...ofKinds];
}

function addedAt(setting: Setting, path: readonly string[]): AddedLater | null {
  return setting.since === undefined ? null : { missing: path, value: valueInEarlierRuns(setting) };
}

function leafOf(added: AddedLater | null, path: readonly string[]): AddedLater | null {
  if (added === null) return null;
  return { missing: added.missing, value: valueAt(added.value, path.slice(added.missing.length)) };
}

/** The value at a place of nested objects; undefined where there is none. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, name) => (isJsonObject(inner) ? inner[name] : undefined), value);
}

function settingsOfOptions({ options }: Choice): SettingsByKind {
  const byKind = Object.entries(options).map(([kind, { settings, recordedAs = {} }]) => {
    const renamed = Object.entries(settings).map(([name, setting]) => [
      recordedAs[name] ?? name,
      withRecordedConditions(setting, recordedAs),
    ]);
    return [kind, Object.fromEntries(renamed)] as const;
  });
  // A value that an option always records is a setting of another option.
  const named = new Map(byKind.flatMap(([, settings]) => Object.entries(settings)));
  return Object.fromEntries(
    byKind.map(([kind, settings]) => {
      const fixed = Object.keys(options[kind]?.recorded ?? {}).map((name) => [name, named.get(name)]);
      return [kind, { ...settings, ...Object.fromEntries(fixed) }];
    }),
  );
}

/** Conditions name settings as they are given. */
function withRecordedConditions(setting: Scalar, recordedAs: Readonly<Record<string, string>>): Scalar {
  const { appliesWhen } = setting;
  if (appliesWhen === undefined) return setting;
  const renamed = appliesWhen.map((condition) => ({
    ...condition,
    setting: recordedAs[condition.setting] ?? condition.setting,
  }));
  return { ...setting, appliesWhen: renamed };
}

export function isVariants(recorded: Variants | Readonly<Record<string, Scalar>>): recorded is Variants {
  return "variants" in recorded;
}

/** The places of a run's configuration. */
export const RUN_CONFIGURATION_PATHS = recordedPathsOf(RUN_SETTINGS);
