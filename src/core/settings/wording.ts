import { describeAccepted } from "./check.js";
import type { Scalar, Setting } from "./setting.js";

/**
 * What a user who gives a setting needs to know: meaning, unit, range, default and the meaning of null, one sentence
 * each.
 */
export function describeGiven(setting: Setting): string {
  return sentences(
    setting.description,
    describeRange(setting),
    describeApplies(setting),
    setting.derived,
    describeNull(setting),
  );
}

/**
 * What a user who reads a recorded setting needs to know.
 *
 * @param kinds the options that have the setting; null where it does not depend on an option
 */
export function describeRecorded(setting: Setting, kinds: readonly string[] | null = null): string {
  return sentences(
    setting.description,
    describeRange(setting),
    describeApplies(setting),
    setting.derived,
    setting.whenNull === undefined ? undefined : `Null means ${setting.whenNull}.`,
    kinds === null ? undefined : `Null unless \`kind\` is ${inWords(kinds)}.`,
  );
}

/** "A whole number of pixels from 32 to 1024." Undefined where the type says it all. */
function describeRange(setting: Setting): string | undefined {
  switch (setting.kind) {
    case "number":
    case "wholeNumber":
    case "numbers":
    case "wholeNumbers":
      return `${capitalized(describeAccepted(setting))}.`;
    default:
      return undefined;
  }
}

function describeApplies({ appliesWhen }: Setting): string | undefined {
  if (appliesWhen === undefined) return undefined;
  return `Has an effect only if \`${appliesWhen.setting}\` is ${inWords(appliesWhen.is)}.`;
}

function describeNull(setting: Setting): string | undefined {
  if (setting.whenNull !== undefined) return `Null means ${setting.whenNull}.`;
  switch (setting.kind) {
    case "group":
      return "Null means the defaults of all its settings.";
    case "choice":
      return `Null means \`${writtenInput(setting.default)}\`.`;
    case "decided":
      return undefined;
    default:
      return defaultText(setting) === null ? undefined : `Null means ${defaultText(setting)}, the default.`;
  }
}

/** The default of a setting as text; null for one that has none. */
export function defaultText(setting: Scalar): string | null {
  if (!("default" in setting) || setting.default === undefined) return null;
  return String(setting.default);
}

/** A value as a GraphQL document writes it: { constant: { initial: 0.001 } } */
export function writtenInput(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).map(([name, inner]) => `${name}: ${writtenInput(inner)}`);
  return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
}

export function inWords(words: readonly string[]): string {
  return new Intl.ListFormat("en", { type: "disjunction" }).format(words);
}

function sentences(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join(" ");
}

function capitalized(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
