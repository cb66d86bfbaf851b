import { markdownTable } from "../../lang/markdown-table.js";
import { describeAccepted } from "./check.js";
import { isVariants, mergeKinds } from "./recorded-paths.js";
import { RUN_SETTINGS } from "./run-settings.js";
import {
  type Choice,
  type Decided,
  defaultOf,
  type Group,
  isRecordedOnly,
  isRequired,
  isScalar,
  type Scalar,
  type Setting,
} from "./setting.js";
import { describeDefaultsByKind, describeEffect, inWords, writtenInput } from "./wording.js";
import type { WordSet } from "./words.js";

const INTRODUCTION = `# Run settings

<!-- Written by \`npm run schema\` from src/core/settings/run-settings.ts. Do not edit. -->

The settings of a run are the \`configuration\` of \`launchRun\`; \`{}\` takes every default. Null means the same as leaving a
setting out. A value that a setting does not take is refused with \`CONFIGURATION_INVALID\` and the path of the setting.

GraphQL itself refuses a value of the wrong type, before any setting is checked: \`epochs: 1.5\`, \`architecture: VGG12\`,
\`seed: 2147483648\` (more than an Int holds), \`learningRate: {}\`, a misspelt name, or a required setting that is left out. The
answer has the HTTP status 400 and an error with the code \`BAD_USER_INPUT\` for a value in the variables, or
\`GRAPHQL_VALIDATION_FAILED\` for a value in the operation.

\`Run.configuration\` returns the settings with every default filled in. Comparisons (\`RunComparison.configuration\`) and
filters (\`RunFilter.configuration\`) name a setting by its path below, unless a column *Recorded as* has another one.

A run that was launched before a setting existed has the default of the setting, or the value that the table names.
`;

/** The page docs/settings.md. */
export function settingsReference(): string {
  const recorded = Object.entries(RUN_SETTINGS.settings).filter(([, setting]) => isRecordedOnly(setting));
  return [
    INTRODUCTION,
    ...groupSections(RUN_SETTINGS, { title: "Settings", level: 2, path: [] }),
    "## Recorded by the server\n",
    recordedTable(recorded.map(([name, setting]) => [name, setting, null])),
    "## Words\n",
    ...Array.from(wordSetsIn(RUN_SETTINGS), wordSection),
  ].join("\n");
}

/** Where settings stand on the page and in the input. */
interface Place {
  readonly title: string;
  readonly level: number;
  readonly path: readonly string[];
}

function groupSections({ settings }: Pick<Group, "settings">, place: Place): readonly string[] {
  const given = Object.entries(settings).filter(([, setting]) => !isRecordedOnly(setting));
  return [
    heading(place),
    givenTable(Object.fromEntries(given), place.path),
    ...given.flatMap(([name, setting]) => composedSections(setting, placeBelow(place, name))),
  ];
}

function placeBelow({ level, path }: Place, name: string): Place {
  const below = [...path, name];
  return { title: `\`${below.join(".")}\``, level: level + 1, path: below };
}

/** None for a scalar setting, which a row describes. */
function composedSections(setting: Setting, place: Place): readonly string[] {
  switch (setting.kind) {
    case "group":
      return groupSections(setting, place);
    case "choice":
      return choiceSections(setting, place);
    case "decided":
      return decidedSections(setting, place);
    default:
      return [];
  }
}

function choiceSections({ options }: Choice, place: Place): readonly string[] {
  const path = place.path.join(".");
  const rows = Object.entries(options).map(([kind, { description }]) => [`\`${path}.${kind}\``, description]);
  return [
    heading(place),
    `Exactly one of these, which is recorded as \`${path}.kind\`.\n`,
    markdownTable(["Option", "Meaning"], rows),
    ...Object.entries(options).flatMap(([kind, { settings, recordedAs = {} }]) => {
      const below = placeBelow(place, kind);
      const recordedPath = (name: string): string => `${path}.${recordedAs[name] ?? name}`;
      return [heading(below), givenTable(settings, below.path, recordedPath)];
    }),
  ];
}

function decidedSections({ given, recorded }: Decided, place: Place): readonly string[] {
  const path = place.path.join(".");
  const rows = Object.entries(given).map(([name, setting]) => [
    `\`${path}.${name}\``,
    valueCell(setting),
    describeEffect(setting),
  ]);
  const variants = isVariants(recorded) ? recorded.variants : { "": recorded };
  const kinds = isVariants(recorded) ? Object.keys(variants).map((kind) => `\`${kind}\``) : [];
  const recordedRows = Array.from(
    mergeKinds(variants),
    ([name, { setting, kinds: having }]) => [`${path}.${name}`, setting, having] as const,
  );
  return [
    heading(place),
    "Exactly one of these.\n",
    markdownTable(["Setting", "Value", "Meaning"], rows),
    kinds.length === 0
      ? "Recorded as:\n"
      : `Recorded as \`${path}.kind\`, which is ${inWords(kinds)}, and:\n`,
    recordedTable(recordedRows),
  ];
}

function givenTable(
  settings: Readonly<Record<string, Setting>>,
  path: readonly string[],
  recordedPath: ((name: string) => string) | null = null,
): string {
  const rows = Object.entries(settings).map(([name, setting]) => {
    const own = [...path, name].join(".");
    return [
      `\`${own}\``,
      isScalar(setting) ? valueCell(setting) : `see [\`${own}\`](#${anchorOf(own)})`,
      defaultCell(setting),
      meaningCell(setting),
      ...(recordedPath === null ? [] : [`\`${recordedPath(name)}\``]),
    ];
  });
  const titles = [
    "Setting",
    "Value",
    "Default",
    "Meaning",
    ...(recordedPath === null ? [] : ["Recorded as"]),
  ];
  return markdownTable(titles, rows);
}

function recordedTable(
  rows: readonly (readonly [path: string, setting: Setting, kinds: readonly string[] | null])[],
): string {
  return markdownTable(
    ["Path", "Value", "Meaning"],
    rows.map(([path, setting, kinds]) => [
      `\`${path}\``,
      isScalar(setting) ? valueCell(setting) : "",
      [meaningCell(setting), ...(kinds === null ? [] : [`Only with the kind ${inWords(kinds)}.`])].join(" "),
    ]),
  );
}

function valueCell(setting: Scalar): string {
  if (setting.kind !== "word") return describeAccepted(setting);
  return `[\`${setting.words.name}\`](#${anchorOf(setting.words.name)})`;
}

function defaultCell(setting: Setting): string {
  if (setting.whenNull !== undefined) return `null: ${setting.whenNull.replace(/^that /, "")}`;
  if (isRequired(setting)) return "required";
  if (setting.kind === "choice") return `\`${writtenInput(setting.default)}\``;
  if (!isScalar(setting)) return "its defaults";
  const value = `\`${defaultOf(setting)}\``;
  if (setting.defaultByPretrainedWeights === true) {
    return `${value}; pretrained weights have their own default, see [\`PretrainedWeights\`](#pretrainedweights)`;
  }
  if (setting.defaultByArchitecture === true) {
    return `${value}; some architectures have their own default, see [\`Architecture\`](#architecture)`;
  }
  return [value, ...describeDefaultsByKind(setting)].join("; ");
}

function meaningCell(setting: Setting): string {
  const { since } = setting;
  return since === undefined ? describeEffect(setting) : `${describeEffect(setting)} Since version ${since}.`;
}

function heading({ title, level }: Pick<Place, "title" | "level">): string {
  return `${"#".repeat(level)} ${title}\n`;
}

function wordSection({ name, description, meanings }: WordSet): string {
  const rows = Object.entries(meanings).map(([word, meaning]) => [`\`${word}\``, meaning]);
  return `${heading({ title: name, level: 3 })}\n${description}\n\n${markdownTable(["Word", "Meaning"], rows)}`;
}

/** As GitHub derives it from the heading. */
function anchorOf(title: string): string {
  return title.toLowerCase().replaceAll(".", "");
}

function wordSetsIn({ settings }: Group): ReadonlySet<WordSet> {
  return new Set(
    Object.values(settings).flatMap((setting) => {
      if (setting.kind === "word") return [setting.words];
      return setting.kind === "group" ? [...wordSetsIn(setting)] : [];
    }),
  );
}
