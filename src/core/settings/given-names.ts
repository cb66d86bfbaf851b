import { isJsonObject } from "../../lang/json.js";
import type { RunConfiguration } from "../runs/configuration.js";
import { RUN_SETTINGS } from "./run-settings.js";
import type { Option, Setting } from "./setting.js";

const SETTINGS: Readonly<Record<string, Setting>> = RUN_SETTINGS.settings;

/**
 * Returns the dotted path of a recorded setting, by which a user knows it. The path of a setting that is recorded under
 * another name is that of the input: "learningRate.step.dropEveryEpochs" for `learningRate.decayEpochs` of a step.
 */
export function givenPath(configuration: RunConfiguration, recordedPath: string): string {
  const [name = "", inner] = recordedPath.split(".");
  const setting = SETTINGS[name];
  const recorded = (configuration as Readonly<Record<string, unknown>>)[name];
  if (setting?.kind !== "choice" || !isJsonObject(recorded) || inner === undefined) return recordedPath;
  const kind = String(recorded.kind);
  const given = givenNames(setting.options[kind]).get(inner);
  return given === undefined ? recordedPath : `${name}.${kind}.${given}`;
}

/** The names in the input of settings that are recorded under another name. */
function givenNames({
  recordedAs = {},
}: Partial<Pick<Option, "recordedAs">> = {}): ReadonlyMap<string, string> {
  return new Map(Object.entries(recordedAs).map(([given, recorded]) => [recorded, given]));
}

/**
 * Returns the recorded path of a setting of an option that is named as in the input: "learningRate.decayEpochs" for
 * "learningRate.step.dropEveryEpochs". Null if no option has the setting.
 */
export function recordedNameOf(path: string): string | null {
  const [name = "", kind = "", given = "", ...rest] = path.split(".");
  const setting = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : undefined;
  if (setting?.kind !== "choice" || rest.length > 0 || !Object.hasOwn(setting.options, kind)) return null;
  const { settings = {}, recordedAs = {} }: Partial<Option> = setting.options[kind] ?? {};
  return Object.hasOwn(settings, given) ? `${name}.${recordedAs[given] ?? given}` : null;
}
