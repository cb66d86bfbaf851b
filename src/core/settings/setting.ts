import type { WordSet } from "./words.js";

/**
 * The kinds of node that the table of run settings is made of. A node states facts; everything that is done with a
 * setting (checks, defaults, GraphQL types, reading stored rows, comparison, documentation) is derived from them.
 *
 * A setting with `default` takes it where the value is null or absent. A setting with `whenNull` may be null, and the
 * text says what null means. A setting with neither is required.
 */
export interface SettingFacts {
  /** A noun phrase and a full stop, without range, unit or default: those are derived. */
  readonly description: string;
  /** The meaning of null, as the end of "Null means …"; such a setting has no default. */
  readonly whenNull?: string;
  /** A sentence about the value that the server derives from it. */
  readonly derived?: string;
  /** The default stands for most architectures; another one may have a default of its own. */
  readonly defaultByArchitecture?: true;
  /** The setting has an effect only while at least one of these holds. */
  readonly appliesWhen?: readonly Condition[];
  /** Whether the setting changes the loss that training minimizes, so that losses of different values do not compare. */
  readonly changesLoss?: true;
  /** Pretrained weights that are asked for have a default of their own. */
  readonly defaultByPretrainedWeights?: true;
  /**
   * Version of the product that introduced the setting; absent for the first settings, which every stored run has.
   * Runs of earlier versions have `earlierRuns`, or else the default.
   */
  readonly since?: string;
}

/** A condition on another setting of the same group or option. */
export type Condition =
  | { readonly setting: string; readonly is: readonly string[] }
  | { readonly setting: string; readonly above: number }
  | { readonly setting: string; readonly below: number };

/** A bound that equals another setting: one of the same group, or else one of the whole configuration. */
export interface BoundBySetting {
  readonly setting: string;
}

export type Bound = number | BoundBySetting;

/** At most one lower and one upper bound, and what the numbers count or measure. */
export interface RangeFacts {
  /** Plural: "degrees". */
  readonly unit?: string;
  /** In place of a unit: "the width" for numbers that are fractions of the width. */
  readonly fractionOf?: string;
  /** The minimum. */
  readonly from?: number;
  /** Every greater number is in the range. */
  readonly above?: number;
  /** The maximum. */
  readonly to?: Bound;
  /** Every lesser number is in the range. */
  readonly below?: Bound;
}

export interface NumberFacts extends SettingFacts, RangeFacts {
  readonly default?: number;
  /** Other defaults, by the word of the setting `kind` of the same group, which comes before it. */
  readonly defaultsByKind?: Readonly<Record<string, number>>;
  readonly earlierRuns?: number | null;
}

export interface FlagFacts extends SettingFacts {
  readonly default?: boolean;
  readonly earlierRuns?: boolean;
}

export interface WordFacts<Words extends WordSet> extends SettingFacts {
  readonly default?: keyof Words["meanings"];
  readonly earlierRuns?: keyof Words["meanings"];
}

export function number<Facts extends NumberFacts>(facts: Facts) {
  return { kind: "number", ...facts } as const;
}

export function wholeNumber<Facts extends NumberFacts>(facts: Facts) {
  return { kind: "wholeNumber", ...facts } as const;
}

export function flag<Facts extends FlagFacts>(facts: Facts) {
  return { kind: "flag", ...facts } as const;
}

export function word<Words extends WordSet, const Facts extends WordFacts<Words>>(
  words: Words,
  facts: Facts,
) {
  return { kind: "word", words, ...facts } as const;
}

/** A list of numbers, each in the range. */
export function numbers<Facts extends SettingFacts & RangeFacts>(facts: Facts) {
  return { kind: "numbers", ...facts } as const;
}

/** A list of whole numbers, each in the range. */
export function wholeNumbers<Facts extends SettingFacts & RangeFacts>(facts: Facts) {
  return { kind: "wholeNumbers", ...facts } as const;
}

export function text<Facts extends SettingFacts>(facts: Facts) {
  return { kind: "text", ...facts } as const;
}

/** The id of something else, such as an upload or a model version. */
export function reference<Facts extends SettingFacts>(facts: Facts) {
  return { kind: "reference", ...facts } as const;
}

/** Settings that belong together. Without `whenNull`, null means the defaults of all of them. */
export function group<
  Settings extends Readonly<Record<string, Setting>>,
  Facts extends SettingFacts & { readonly name: string },
>(facts: Facts, settings: Settings) {
  return { kind: "group", ...facts, settings } as const;
}

/** One of the options of a choice. Its settings are recorded beside its name, which is recorded as `kind`. */
export interface Option {
  /** Name of its settings together; options with the same settings share it. */
  readonly name: string;
  readonly description: string;
  /** Description of its settings together, where options share them. */
  readonly about?: string;
  readonly settings: Readonly<Record<string, Scalar>>;
  /** The recorded names of settings whose input has another name. */
  readonly recordedAs?: Readonly<Record<string, string>>;
  /** Values that are always recorded. */
  readonly recorded?: Readonly<Record<string, boolean>>;
}

/**
 * Exactly one of several options.
 *
 * @param facts `default` is the input that null stands for
 */
export function choice<
  const Options extends Readonly<Record<string, Option>>,
  const Facts extends SettingFacts & { readonly name: string; readonly default: object },
>(facts: Facts, options: Options) {
  return { kind: "choice", ...facts, options } as const;
}

/**
 * A setting that is decided at launch, because its recorded form depends on more than the configuration, such as the
 * dataset. A user gives exactly one of `given`; the run keeps `recorded`.
 *
 * @param facts `undecided` is the recorded value if nothing is given
 */
export function decided<
  const Given extends Readonly<Record<string, Scalar>>,
  const Recorded extends Variants | Readonly<Record<string, Scalar>>,
  const Facts extends SettingFacts & { readonly name: string; readonly undecided: unknown },
>(facts: Facts, { given, recorded }: { readonly given: Given; readonly recorded: Recorded }) {
  return { kind: "decided", ...facts, given, recorded } as const;
}

/** A value that the server records in the configuration and that no input sets. */
export function recordedOnly<const S extends Scalar, const Initially>(setting: S, initially: Initially) {
  return { ...setting, recordedOnly: true, initially } as const;
}

/** Recorded settings by the word in `kind`. */
export interface Variants {
  readonly variants: Readonly<Record<string, Readonly<Record<string, Scalar>>>>;
}

export type NumberSetting = { readonly kind: "number" | "wholeNumber" } & NumberFacts;
export type FlagSetting = { readonly kind: "flag" } & FlagFacts;
export type WordSetting = { readonly kind: "word"; readonly words: WordSet } & WordFacts<WordSet>;
export type NumbersSetting = { readonly kind: "numbers" | "wholeNumbers" } & SettingFacts & RangeFacts;
export type TextSetting = { readonly kind: "text" | "reference" } & SettingFacts;

export type Scalar = (NumberSetting | FlagSetting | WordSetting | NumbersSetting | TextSetting) & {
  readonly recordedOnly?: boolean;
  readonly initially?: unknown;
};
export type Group = { readonly kind: "group"; readonly name: string } & SettingFacts & {
    readonly settings: Readonly<Record<string, Setting>>;
  };
export type Choice = {
  readonly kind: "choice";
  readonly name: string;
  readonly default: object;
} & SettingFacts & {
    readonly options: Readonly<Record<string, Option>>;
  };
export type Decided = {
  readonly kind: "decided";
  readonly name: string;
  readonly undecided: unknown;
} & SettingFacts & {
    readonly given: Readonly<Record<string, Scalar>>;
    readonly recorded: Variants | Readonly<Record<string, Scalar>>;
  };
export type Setting = Scalar | Group | Choice | Decided;

/** Whether a user must give the setting. */
export function isRequired(setting: Setting): boolean {
  if (setting.whenNull !== undefined || isRecordedOnly(setting)) return false;
  switch (setting.kind) {
    case "group":
      return Object.values(setting.settings).some(isRequired);
    case "choice":
      return false;
    case "decided":
      return true;
    default:
      return defaultOf(setting) === undefined;
  }
}

export function isScalar(setting: Setting): setting is Scalar {
  return setting.kind !== "group" && setting.kind !== "choice" && setting.kind !== "decided";
}

/** Whether the recorded value of a setting may be null. */
export function isNullWhenRecorded(setting: Setting): boolean {
  return setting.kind === "decided" ? setting.undecided === null : setting.whenNull !== undefined;
}

export function isRecordedOnly(setting: Setting): boolean {
  return "recordedOnly" in setting && setting.recordedOnly === true;
}

/** The default for every run. Undefined if there is none, or if it depends on other settings. */
export function fixedDefaultOf(setting: Scalar): unknown {
  const depends =
    setting.defaultByArchitecture === true ||
    setting.defaultByPretrainedWeights === true ||
    defaultsByKindOf(setting).length > 0;
  return depends ? undefined : defaultOf(setting);
}

/** The defaults that replace the general one, with the word in `kind` of each. */
export function defaultsByKindOf(setting: Scalar): readonly (readonly [kind: string, value: unknown])[] {
  return "defaultsByKind" in setting ? Object.entries(setting.defaultsByKind ?? {}) : [];
}

/** Undefined for a setting without a default. */
export function defaultOf(setting: Scalar): unknown {
  return "default" in setting ? setting.default : undefined;
}
