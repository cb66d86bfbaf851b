import { jsonOf } from "../../../lang/json.js";
import { quoted } from "../invalid-weights.js";
import { PickleDict, PickleList, PicklePlaceholder, PickleTuple, type PickleValue } from "./pickle.js";

/** What a training script kept under one key about the classes. */
export interface ClassList {
  /** "class_to_idx" */
  readonly key: string;
  /** In the order of the outputs; null: they cannot be told. */
  readonly names: readonly string[] | null;
  /** Why there are no names, as a clause: `the indices in "class_to_idx" do not count from 0`. */
  readonly flaw: string | null;
  /** How far it is from the weights: 0 in their own dictionary, 1 in the one around it. */
  readonly distance: number;
}

/** The names of the classes that the outputs of a network have. */
export interface ChosenClassNames {
  readonly classNames: readonly string[] | null;
  /** Why the lists that are there give no names, as a clause; null: they do, or there are none. */
  readonly flaw: string | null;
}

/** The keys under which scripts keep the classes. */
const KEYS = [
  "class_to_idx",
  "idx_to_class",
  "class_names",
  "classnames",
  "classes",
  "CLASSES",
  "label2id",
  "id2label",
];
/** Dictionaries of facts beside the weights, which may have the classes too. */
const FACTS = ["meta", "metadata", "hyper_parameters", "hparams", "config", "extra"];

/**
 * Finds what was saved about the classes.
 *
 * @param path the dictionaries that lead to the weights, the outermost first
 */
export function findClassLists(path: readonly PickleDict[]): readonly ClassList[] {
  return path.toReversed().flatMap((dictionary, distance) => {
    const facts = FACTS.map((key) => dictionary.entries.get(key) ?? null);
    return [dictionary, ...facts].flatMap((place) =>
      place instanceof PickleDict ? classListsIn(place, distance) : [],
    );
  });
}

/** The same in texts by their keys, the values of JSON that safetensors keep. */
export function classListsOfTexts(texts: ReadonlyMap<string, string>): readonly ClassList[] {
  const dictionary = new PickleDict();
  for (const key of KEYS) {
    const text = texts.get(key);
    if (text !== undefined) dictionary.set(key, valueOfJson(text));
  }
  return classListsIn(dictionary, 0);
}

/** Lists and dictionaries of texts and numbers; the text itself where it is something else. */
function valueOfJson(text: string): PickleValue {
  const json = jsonOf(text);
  const simple = (item: unknown): PickleValue =>
    typeof item === "string" || typeof item === "number" ? item : null;
  if (Array.isArray(json)) {
    const list = new PickleList();
    for (const item of json) list.items.push(simple(item));
    return list;
  }
  if (typeof json !== "object" || json === null) return text;
  const dictionary = new PickleDict();
  for (const [key, item] of Object.entries(json)) dictionary.set(key, simple(item));
  return dictionary;
}

function classListsIn({ entries }: PickleDict, distance: number): readonly ClassList[] {
  return KEYS.flatMap((key) => {
    const value = entries.get(key) ?? null;
    return value === null ? [] : [classListOf(key, value, distance)];
  });
}

function classListOf(key: string, value: PickleValue, distance: number): ClassList {
  const named = namesIn(value);
  const unusable = (flaw: string): ClassList => ({
    key,
    names: null,
    flaw: `${quoted(key)} ${flaw}`,
    distance,
  });
  if (typeof named === "string") return unusable(named);
  if (named.length === 0) return unusable("is empty");
  if (new Set(named.map(comparable)).size < named.length) return unusable("has a name twice");
  return { key, names: named, flaw: null, distance };
}

/** @returns the names in order, or a flaw that continues the name of the key */
function namesIn(value: PickleValue): readonly string[] | string {
  if (value instanceof PicklePlaceholder) return `is an object of ${quoted(value.name)}, which is not read`;
  if (value instanceof PickleList || value instanceof PickleTuple) {
    return textsOf(value.items) ?? "has other values than texts";
  }
  if (!(value instanceof PickleDict)) return "is no list of names";
  const entries = [...value.entries];
  const byName = entries.map(([name, index]) => [indexOf(index, false), name] as const);
  const byIndex = entries.map(([index, name]) => [indexOf(index, true), name] as const);
  const indexed = [byName, byIndex].find((pairs) =>
    pairs.every(([index, name]) => index !== null && typeof name === "string"),
  );
  if (indexed === undefined) return "does not pair names with whole numbers";
  const sorted = [...indexed].sort(([one], [other]) => Number(one) - Number(other));
  if (sorted.some(([index], position) => index !== position)) {
    return "does not number the classes from 0 without gaps and repetitions";
  }
  return sorted.flatMap(([, name]) => (typeof name === "string" ? [name] : []));
}

function textsOf(items: readonly PickleValue[]): readonly string[] | null {
  const texts = items.filter((item) => typeof item === "string");
  return texts.length === items.length ? texts : null;
}

/** @param asText whether it may be a text, "0", which JSON makes of keys */
function indexOf(value: PickleValue, asText: boolean): number | null {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  return asText && typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : null;
}

/**
 * The names of a network's classes: those of the nearest list with as many names as it has outputs.
 *
 * @param outputs null: the weights have no last layer that is known here
 */
export function chooseClassNames(lists: readonly ClassList[], outputs: number | null): ChosenClassNames {
  if (outputs === null) return { classNames: null, flaw: null };
  const fitting = lists.flatMap((list) =>
    list.names !== null && list.names.length === outputs ? [{ ...list, names: list.names }] : [],
  );
  const [nearest] = fitting;
  if (nearest === undefined) {
    const [first] = lists;
    if (first === undefined) return { classNames: null, flaw: null };
    const count = `${quoted(first.key)} has ${first.names?.length} names for ${outputs} outputs`;
    return { classNames: null, flaw: first.flaw ?? count };
  }
  const other = fitting.find(
    ({ names, distance }) =>
      distance === nearest.distance &&
      names.some((name, index) => comparable(name) !== comparable(nearest.names[index] ?? "")),
  );
  if (other === undefined) return { classNames: nearest.names, flaw: null };
  return {
    classNames: null,
    flaw: `${quoted(nearest.key)} and ${quoted(other.key)} contradict each other`,
  };
}

/** One text in the two forms that Unicode has for it is one name. */
function comparable(name: string): string {
  return name.normalize("NFC");
}
