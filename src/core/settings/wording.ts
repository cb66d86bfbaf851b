import { describeNumber, isUnlimited } from "./range.js";
import {
  type Condition,
  defaultOf,
  defaultsByKindOf,
  isNullWhenRecorded,
  isRequired,
  type Option,
  type Scalar,
  type Setting,
} from "./setting.js";

/** Describes a setting for its input: a sentence each for meaning, unit and range, effect, default and null. */
export function describeGiven(setting: Setting): string {
  return sentences(
    setting.description,
    describeRange(setting),
    describeApplies(setting),
    setting.derived,
    describeNull(setting),
  );
}

/** Describes the effect of a setting, without the values that it takes. */
export function describeEffect(setting: Setting): string {
  return sentences(
    setting.description,
    describeApplies(setting),
    setting.derived,
    describeEarlierRuns(setting),
  );
}

/** Describes an option for its input. */
export function describeOption({ description, settings }: Option): string {
  const required = Object.entries(settings).filter(([, setting]) => isRequired(setting));
  return sentences(
    description,
    required.length === 0 ? "`{}` takes the defaults of its settings." : undefined,
  );
}

/**
 * Describes a setting for the configuration of a run.
 *
 * @param kinds the options that have the setting; null where it does not depend on an option
 */
export function describeRecorded(setting: Setting, kinds: readonly string[] | null = null): string {
  return sentences(
    setting.description,
    describeRange(setting),
    describeApplies(setting),
    setting.derived,
    isNullWhenRecorded(setting) ? `Null means ${setting.whenNull}.` : undefined,
    kinds === null ? undefined : `Null unless \`kind\` is ${inWords(kinds)}.`,
  );
}

/** "A whole number of pixels from 32 to 1024." Undefined if the type says it already. */
function describeRange(setting: Setting): string | undefined {
  switch (setting.kind) {
    case "number":
    case "wholeNumber":
      return isUnlimited(setting) ? undefined : `${capitalized(describeNumber(setting))}.`;
    case "numbers":
    case "wholeNumbers":
      return `Each item is ${describeNumber(setting)}.`;
    default:
      return undefined;
  }
}

function describeApplies({ appliesWhen }: Setting): string | undefined {
  if (appliesWhen === undefined) return undefined;
  const byState = Map.groupBy(appliesWhen, describeState);
  const conditions = Array.from(
    byState,
    ([state, those]) => `${inWords(those.map(({ setting }) => `\`${setting}\``))} is ${state}`,
  );
  return `Has an effect only if ${inWords(conditions)}.`;
}

function describeState(condition: Condition): string {
  if ("is" in condition) return inWords(condition.is);
  return "above" in condition ? `above ${condition.above}` : `below ${condition.below}`;
}

function describeEarlierRuns(setting: Setting): string | undefined {
  if (!("earlierRuns" in setting) || setting.earlierRuns === undefined) return undefined;
  return `Earlier runs have ${setting.earlierRuns}.`;
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
    default: {
      const value = defaultOf(setting);
      if (value === undefined) return undefined;
      if (setting.defaultByPretrainedWeights === true) {
        return `Null means what the pretrained weights expect, or ${value} if the run has none.`;
      }
      if (setting.defaultByArchitecture === true) {
        return `Null means the default of the architecture, or ${value} if the architecture has none.`;
      }
      return `Null means the default, ${[value, ...describeDefaultsByKind(setting)].join(", or ")}.`;
    }
  }
}

/** "0.5 if `kind` is DECOUPLED" */
export function describeDefaultsByKind(setting: Scalar): readonly string[] {
  return defaultsByKindOf(setting).map(([kind, value]) => `${value} if \`kind\` is ${kind}`);
}

/** Writes a value as a GraphQL document does: { constant: { initial: 0.001 } } */
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
