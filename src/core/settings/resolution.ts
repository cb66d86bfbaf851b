import { checkExactlyOne, checkScalar } from "./check.js";
import { isBoundBySetting } from "./range.js";
import {
  type Choice,
  defaultOf,
  defaultsByKindOf,
  type Group,
  type Scalar,
  type Setting,
} from "./setting.js";
import type { Given, Recorded } from "./setting-types.js";

type Fields = Readonly<Record<string, unknown>>;

/** A check that needs the values of other settings, so that it runs once all of them are known. */
type LateCheck = (root: Fields) => void;

/**
 * Fills in every default and checks every value. Settings that are decided at launch (`decided`) or recorded by the
 * server (`recordedOnly`) have their first value.
 *
 * @param path place of `given` in the request, with which paths in errors begin: ["configuration"]
 * @throws AppError `CONFIGURATION_INVALID` for the first value that a setting does not take
 */
export function resolveSettings<G extends Group>(
  group: G,
  given: Given<G>,
  path: readonly string[],
): Recorded<G> {
  const lateChecks: LateCheck[] = [];
  const root = resolveFields(group.settings, given as Fields, path, lateChecks);
  for (const check of lateChecks) check(root);
  return root as Recorded<G>;
}

/** The settings of a group if nothing is given. */
export function defaultsOf<G extends Group>(group: G): Recorded<G> {
  return resolveFields(group.settings, {}, [group.name], []) as Recorded<G>;
}

/**
 * Returns the value of a setting in runs that were stored before the setting existed. Undefined for a required setting,
 * which every stored run has.
 */
export function valueInEarlierRuns(setting: Setting): unknown {
  const { earlierRuns } = setting as { readonly earlierRuns?: unknown };
  if (earlierRuns !== undefined) return earlierRuns;
  switch (setting.kind) {
    case "group":
      return setting.whenNull === undefined ? defaultsOf(setting) : null;
    case "choice":
      return resolveChoice(setting, setting.default as Fields, [setting.name], []);
    case "decided":
      return setting.undecided;
    default:
      if (setting.recordedOnly === true) return setting.initially;
      if (setting.whenNull !== undefined) return null;
      return defaultOf(setting);
  }
}

function resolveFields(
  settings: Readonly<Record<string, Setting>>,
  given: Fields,
  path: readonly string[],
  lateChecks: LateCheck[],
): Fields {
  const fields: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings)) {
    const value = given[name] ?? null;
    fields[name] = resolve(setting, value, { path: [...path, name], group: fields, lateChecks });
  }
  return fields;
}

/** Where a setting stands among the others. */
interface Place {
  readonly path: readonly string[];
  /** The recorded settings of the same group, which may not all be there yet. */
  readonly group: Fields;
  readonly lateChecks: LateCheck[];
}

function resolve(setting: Setting, value: unknown, place: Place): unknown {
  const { path, lateChecks } = place;
  switch (setting.kind) {
    case "group":
      if (value === null && setting.whenNull !== undefined) return null;
      return resolveFields(setting.settings, (value ?? {}) as Fields, path, lateChecks);
    case "choice":
      return resolveChoice(setting, (value ?? setting.default) as Fields, path, lateChecks);
    case "decided":
      return setting.undecided;
    default:
      return resolveScalar(setting, value, place);
  }
}

function resolveChoice(
  { options }: Choice,
  value: Fields,
  path: readonly string[],
  lateChecks: LateCheck[],
): Fields {
  const kind = checkExactlyOne(value, Object.keys(options), path);
  const option = options[kind];
  if (option === undefined) throw new Error(`There is no option ${kind}.`);
  const settings = resolveFields(option.settings, value[kind] as Fields, [...path, kind], lateChecks);
  const { recordedAs = {} } = option;
  const renamed = Object.entries(settings).map(([name, recorded]) => [recordedAs[name] ?? name, recorded]);
  return { kind, ...Object.fromEntries(renamed), ...option.recorded };
}

/** The default of a setting in a group whose `kind` may decide it. */
function defaultBeside(setting: Scalar, { kind }: Fields): unknown {
  const ofKind = defaultsByKindOf(setting).find(([word]) => word === kind);
  return ofKind === undefined ? defaultOf(setting) : ofKind[1];
}

function resolveScalar(setting: Scalar, value: unknown, { path, group, lateChecks }: Place): unknown {
  if (setting.recordedOnly === true) return setting.initially;
  if (value === null && setting.whenNull !== undefined) return null;
  const checked = checkScalar(setting, value ?? defaultBeside(setting, group), path);
  if ((setting.kind === "number" || setting.kind === "wholeNumber") && isBoundBySetting(setting)) {
    lateChecks.push((root) => {
      const boundOf = (name: string): number | null => {
        const bound = group[name] ?? root[name];
        return typeof bound === "number" ? bound : null;
      };
      checkScalar(setting, checked, path, boundOf);
    });
  }
  return checked;
}
