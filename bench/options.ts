import { type Stats, statSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { ClientError } from "../src/client/client-error.js";

/** One `--name <value>` of a benchmark. */
export interface Option<T> {
  /** Stands for the value in the usage message, such as "<n>". */
  readonly takes: string;
  readonly meaning: string;
  /** Null: the option must be given. */
  readonly otherwise: { readonly value: T } | null;
  /** @throws RangeError that says what the value must be */
  read(text: string, callerFolder: string): T;
}

/** By name, in the order in which the usage message lists them. */
export type OptionTable = Readonly<Record<string, Option<unknown>>>;

export type Options<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<infer T> ? T : never;
};

export function wholeNumber(
  meaning: string,
  range: { readonly from: number; readonly otherwise: number },
): Option<number> {
  return numeric("<n>", meaning, range.otherwise, `a whole number of at least ${range.from}`, (value) => {
    return Number.isSafeInteger(value) && value >= range.from;
  });
}

export function positiveNumber(meaning: string, otherwise: number): Option<number> {
  return numeric("<x>", meaning, otherwise, "a number above 0", (value) => {
    return Number.isFinite(value) && value > 0;
  });
}

function numeric(
  takes: string,
  meaning: string,
  otherwise: number,
  kind: string,
  holds: (value: number) => boolean,
): Option<number> {
  return {
    takes,
    meaning,
    otherwise: { value: otherwise },
    read(text) {
      const value = text.trim() === "" ? Number.NaN : Number(text);
      if (!holds(value)) throw new RangeError(kind);
      return value;
    },
  };
}

export function oneWord<W extends string>(meaning: string, words: readonly W[], otherwise: W): Option<W> {
  return {
    takes: words.join("|"),
    meaning,
    otherwise: { value: otherwise },
    read: (text) => wordOf(words, text),
  };
}

/** Words with commas between; all of them when the option is not given. */
export function someWords<W extends string>(meaning: string, words: readonly W[]): Option<readonly W[]> {
  return {
    takes: words.join(","),
    meaning,
    otherwise: { value: words },
    read: (text) => text.split(",").map((word) => wordOf(words, word)),
  };
}

function wordOf<W extends string>(words: readonly W[], text: string): W {
  const found = words.find((word) => word === text);
  if (found === undefined) throw new RangeError(`one of ${words.join(", ")}`);
  return found;
}

/** The absolute path of a file that is there. */
export function existingFile(takes: string, meaning: string): Option<string> {
  return existing("a file", (found) => found.isFile(), takes, meaning);
}

/** The absolute path of a folder that is there. */
export function existingFolder(takes: string, meaning: string): Option<string> {
  return existing("a folder", (found) => found.isDirectory(), takes, meaning);
}

function existing(
  kind: string,
  isKind: (found: Stats) => boolean,
  takes: string,
  meaning: string,
): Option<string> {
  return {
    takes,
    meaning,
    otherwise: null,
    read(text, callerFolder) {
      const file = path.resolve(callerFolder, text);
      const found = statSync(file, { throwIfNoEntry: false });
      if (found === undefined || !isKind(found)) throw new RangeError(`the path of ${kind} that is there`);
      return file;
    },
  };
}

/** The same option, null when it is not given. */
export function optional<T>(option: Option<T>): Option<T | null> {
  return { ...option, otherwise: { value: null } };
}

/**
 * @param callerFolder what relative paths are relative to: npm runs scripts in the project's folder
 * @throws ClientError `USAGE` naming the option, what it takes and what it received
 */
export function parseOptions<Table extends OptionTable>(
  table: Table,
  args: readonly string[],
  callerFolder: string,
): Options<Table> {
  const given = givenValues(table, args);
  const read = Object.entries(table).map(([name, option]) => {
    const text = given[name];
    if (text !== undefined) return [name, readOption(name, option, text, callerFolder)];
    if (option.otherwise === null) throw usage(`--${name} ${option.takes} is missing.`);
    return [name, option.otherwise.value];
  });
  return Object.fromEntries(read) as Options<Table>;
}

/** Lines for a person: every option, what it takes, what it means and what it is when it is not given. */
export function describeOptions(table: OptionTable): string {
  return Object.entries(table)
    .map(([name, { takes, meaning, otherwise }]) => {
      const value = otherwise?.value ?? null;
      const unless = otherwise === null ? "; required" : value === null ? "" : `; ${value} unless given`;
      return `      --${name} ${takes}\n          ${meaning}${unless}\n`;
    })
    .join("");
}

function givenValues(
  table: OptionTable,
  args: readonly string[],
): Readonly<Record<string, string | undefined>> {
  const options = Object.fromEntries(Object.keys(table).map((name) => [name, { type: "string" as const }]));
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
}

function readOption(name: string, option: Option<unknown>, text: string, callerFolder: string): unknown {
  try {
    return option.read(text, callerFolder);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw usage(`--${name} must be ${error.message}. Received ${JSON.stringify(text)}.`);
  }
}

function usage(message: string): ClientError {
  return new ClientError("USAGE", message);
}
