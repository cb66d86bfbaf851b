import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { Command } from "commander";
import { EXIT, parseCommandLine } from "../../../src/client/command-line.js";
import {
  addOptions,
  existingFile,
  existingFolder,
  flag,
  type Options,
  type OptionTable,
  oneWord,
  optional,
  positiveNumber,
  someWords,
  wholeNumber,
} from "../../../src/client/options.js";

const HERE = import.meta.dirname;
const FILE = path.basename(import.meta.filename);
const TABLE = {
  batch: wholeNumber("images per step", { minimum: 1, otherwise: 8 }),
  width: positiveNumber("multiplies filters", 1),
  precision: oneWord("the precision", ["AUTO", "FLOAT32"], "AUTO"),
  only: someWords("what is measured", ["train", "recipe"]),
  drawnImages: {
    ...wholeNumber("images to draw", { minimum: 1, otherwise: 5 }),
    formerName: "drawn-pictures",
  },
  data: optional(existingFile("<archive>", "images")),
  json: flag("print JSON"),
};

/** Parses a command line as a user in this folder wrote it. */
async function parse<Table extends OptionTable>(table: Table, words: readonly string[]) {
  const result = { out: "", errors: "", options: null as Options<Table> | null };
  const command = new Command("measure").configureOutput({
    writeOut: (text) => {
      result.out += text;
    },
    writeErr: (text) => {
      result.errors += text;
    },
  });
  addOptions(
    command,
    table,
    (options) => {
      result.options = options;
    },
    HERE,
  );
  return { ...result, code: await parseCommandLine(command, words), ...result };
}

test("options that are not given have the defaults that the help shows", async () => {
  assert.deepEqual((await parse(TABLE, [])).options, {
    batch: 8,
    width: 1,
    precision: "AUTO",
    only: ["train", "recipe"],
    drawnImages: 5,
    data: null,
    json: false,
  });
  const { code, out } = await parse(TABLE, ["--help"]);
  assert.equal(code, EXIT.success);
  assert.match(out, /--batch <n> +images per step \(default: 8\)\n/);
  assert.match(out, /--precision <AUTO\|FLOAT32> +the precision \(default: AUTO\)\n/);
  assert.match(out, /--only <train,recipe> +what is measured \(default:\s+train,recipe\)\n/);
  assert.match(out, /--data <archive> +images\n/);
  assert.match(out, /--json +print JSON\n/);
});

test("options have values of their type, and files are found in the folder of the caller", async () => {
  const words = [
    ...["--batch", "64", "--width=0.25", "--precision", "FLOAT32", "--only", "recipe"],
    ...["--drawn-images", "7", "--data", FILE, "--json"],
  ];
  assert.deepEqual((await parse(TABLE, words)).options, {
    batch: 64,
    width: 0.25,
    precision: "FLOAT32",
    only: ["recipe"],
    drawnImages: 7,
    data: import.meta.filename,
    json: true,
  });
});

test("a former name of an option still works and is not in the help", async () => {
  assert.equal((await parse(TABLE, ["--drawn-pictures", "9"])).options?.drawnImages, 9);
  assert.doesNotMatch((await parse(TABLE, ["--help"])).out, /pictures/);
});

for (const [words, message] of [
  [["--bath", "8"], /unknown option '--bath'/],
  [["8"], /too many arguments/],
  [["--batch"], /'--batch <n>' argument missing/],
  [["--batch", "0"], /'--batch <n>' argument '0' is invalid\. Expected a whole number of at least 1\./],
  [["--batch", "1.5"], /Expected a whole number/],
  [["--batch", ""], /Expected a whole number/],
  [["--width", "0"], /Expected a number above 0\./],
  [["--precision", "float32"], /'float32' is invalid\. Expected one of AUTO, FLOAT32\./],
  [["--only", "train,peers"], /Expected one of train, recipe\./],
  [["--data", "none.zip"], new RegExp(`Expected a file that exists\\. Received ${HERE}/none\\.zip\\.`)],
  [["--data", "."], /Expected a file that exists/],
] as const) {
  test(`${JSON.stringify(words)} is refused with what was expected`, async () => {
    const { code, errors, options } = await parse(TABLE, words);
    assert.equal(code, EXIT.usage);
    assert.match(errors, message);
    assert.match(errors, /Usage: measure/);
    assert.equal(options, null);
  });
}

test("a required option is asked for by its name", async () => {
  const table = { scripts: existingFolder("<folder>", "the scripts") };
  const { code, errors } = await parse(table, []);
  assert.equal(code, EXIT.usage);
  assert.match(errors, /required option '--scripts <folder>' not specified/);
  assert.deepEqual((await parse(table, ["--scripts", "."])).options, { scripts: HERE });
});
