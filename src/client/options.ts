import { type Stats, statSync } from "node:fs";
import path from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";

/** The definition of one option of a command. */
export interface OptionDefinition<Value> {
  /** The placeholder of the value in the help, such as "<n>"; null for a flag, which takes no value. */
  readonly takes: string | null;
  readonly description: string;
  /** The value when the option is not given; null when the option is required. */
  readonly otherwise: { readonly value: Value } | null;
  /** An earlier name of the option that still works, without its dashes; the help leaves it out. */
  readonly formerName?: string;
  /** @throws InvalidArgumentError that says what was expected */
  read(text: string, callerFolder: string): Value;
}

/** The options of a command by name in camel case: `imageSize` defines `--image-size`. */
export type OptionTable = Readonly<Record<string, OptionDefinition<unknown>>>;

/** The values of the options of a table. */
export type Options<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends OptionDefinition<infer Value> ? Value : never;
};

export function flag(description: string): OptionDefinition<boolean> {
  return { takes: null, description, otherwise: { value: false }, read: () => true };
}

export function wholeNumber(
  description: string,
  range: { readonly minimum: number; readonly otherwise: number },
): OptionDefinition<number> {
  const isWithin = (value: number) => Number.isSafeInteger(value) && value >= range.minimum;
  return numeric(
    "<n>",
    description,
    range.otherwise,
    `a whole number of at least ${range.minimum}`,
    isWithin,
  );
}

export function positiveNumber(description: string, otherwise: number): OptionDefinition<number> {
  const isPositive = (value: number) => Number.isFinite(value) && value > 0;
  return numeric("<x>", description, otherwise, "a number above 0", isPositive);
}

function numeric(
  takes: string,
  description: string,
  otherwise: number,
  expected: string,
  isValid: (value: number) => boolean,
): OptionDefinition<number> {
  return {
    takes,
    description,
    otherwise: { value: otherwise },
    read(text) {
      const value = text.trim() === "" ? Number.NaN : Number(text);
      if (!isValid(value)) throw new InvalidArgumentError(`Expected ${expected}.`);
      return value;
    },
  };
}

export function oneWord<W extends string>(
  description: string,
  words: readonly W[],
  otherwise: W,
): OptionDefinition<W> {
  return {
    takes: `<${words.join("|")}>`,
    description,
    otherwise: { value: otherwise },
    read: (text) => wordOf(words, text),
  };
}

/** Words with commas between them. */
export function someWords<W extends string>(
  description: string,
  words: readonly W[],
  otherwise: readonly W[] = words,
): OptionDefinition<readonly W[]> {
  return {
    takes: `<${words.join(",")}>`,
    description,
    otherwise: { value: otherwise },
    read: (text) => text.split(",").map((word) => wordOf(words, word)),
  };
}

function wordOf<W extends string>(words: readonly W[], text: string): W {
  const found = words.find((word) => word === text);
  if (found === undefined) throw new InvalidArgumentError(`Expected one of ${words.join(", ")}.`);
  return found;
}

/** The absolute path of a file that exists. */
export function existingFile(takes: string, description: string): OptionDefinition<string> {
  return existing("a file", (found) => found.isFile(), takes, description);
}

/** The absolute path of a folder that exists. */
export function existingFolder(takes: string, description: string): OptionDefinition<string> {
  return existing("a folder", (found) => found.isDirectory(), takes, description);
}

function existing(
  kind: string,
  isKind: (found: Stats) => boolean,
  takes: string,
  description: string,
): OptionDefinition<string> {
  return {
    takes,
    description,
    otherwise: null,
    read(text, callerFolder) {
      const file = path.resolve(callerFolder, text);
      const found = statSync(file, { throwIfNoEntry: false });
      if (found === undefined || !isKind(found)) {
        throw new InvalidArgumentError(`Expected ${kind} that exists. Received ${file}.`);
      }
      return file;
    },
  };
}

/** Makes an option optional: its value is null when it is not given. */
export function optional<Value>(option: OptionDefinition<Value>): OptionDefinition<Value | null> {
  return { ...option, otherwise: { value: null } };
}

/** Returns the folder where the user called npm, which runs scripts in the project's folder. */
function callerFolder(): string {
  return process.env.INIT_CWD ?? process.cwd();
}

/**
 * Adds the options of a table to a command, and the action that gets their values.
 *
 * @param folder what relative paths are relative to
 */
export function addOptions<Table extends OptionTable>(
  command: Command,
  table: Table,
  action: (options: Options<Table>) => void | Promise<void>,
  folder: string = callerFolder(),
): Command {
  for (const [name, definition] of Object.entries(table)) {
    command.addOption(commanderOption(optionName(name), definition, folder));
    const { formerName } = definition;
    if (formerName !== undefined)
      command.addOption(commanderOption(formerName, definition, folder).hideHelp());
  }
  return command.action(async () => {
    const given = command.opts<Readonly<Record<string, unknown>>>();
    const values = Object.entries(table).map(([name, { otherwise, formerName }]) => {
      const value = given[name] ?? (formerName === undefined ? undefined : given[camelCase(formerName)]);
      return [name, value ?? otherwise?.value];
    });
    await action(Object.fromEntries(values) as Options<Table>);
  });
}

function commanderOption(
  name: string,
  { takes, description, otherwise, read }: OptionDefinition<unknown>,
  folder: string,
): Option {
  const value = otherwise?.value ?? null;
  const shown =
    takes === null || value === null ? "" : ` (default: ${Array.isArray(value) ? value.join() : value})`;
  const option = new Option(takes === null ? `--${name}` : `--${name} ${takes}`, `${description}${shown}`);
  if (takes !== null) option.argParser((text) => read(text, folder));
  return option.makeOptionMandatory(otherwise === null);
}

function optionName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
