import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import {
  describeOptions,
  existingFile,
  existingFolder,
  oneWord,
  optional,
  parseOptions,
  positiveNumber,
  someWords,
  wholeNumber,
} from "../../../bench/options.js";

const HERE = import.meta.dirname;
const FILE = path.basename(import.meta.filename);
const TABLE = {
  batch: wholeNumber("pictures of a step", { from: 1, otherwise: 8 }),
  width: positiveNumber("multiplies filters", 1),
  precision: oneWord("what it computes in", ["AUTO", "FLOAT32"], "AUTO"),
  only: someWords("what is measured", ["train", "recipe"]),
  data: optional(existingFile("<archive>", "pictures")),
};

test("what is not given is what the usage message says it is", () => {
  assert.deepEqual(parseOptions(TABLE, [], HERE), {
    batch: 8,
    width: 1,
    precision: "AUTO",
    only: ["train", "recipe"],
    data: null,
  });
  const usage = describeOptions(TABLE);
  assert.match(usage, /--batch <n>\n +pictures of a step; 8 unless given/);
  assert.match(usage, /--precision AUTO\|FLOAT32\n/);
  assert.match(usage, /--data <archive>\n +pictures\n/);
});

test("values are read as what they are, and files found where npm was called", () => {
  const args = [
    "--batch",
    "64",
    "--width=0.25",
    "--precision",
    "FLOAT32",
    "--only",
    "recipe",
    "--data",
    FILE,
  ];
  assert.deepEqual(parseOptions(TABLE, args, HERE), {
    batch: 64,
    width: 0.25,
    precision: "FLOAT32",
    only: ["recipe"],
    data: import.meta.filename,
  });
});

for (const [args, message] of [
  [["--bath", "8"], /--bath/],
  [["8"], /8/],
  [["--batch"], /--batch/],
  [["--batch", "0"], /--batch must be a whole number of at least 1\. Received "0"/],
  [["--batch", "1.5"], /--batch must be a whole number/],
  [["--batch", ""], /--batch must be a whole number/],
  [["--width", "0"], /--width must be a number above 0/],
  [["--precision", "float32"], /--precision must be one of AUTO, FLOAT32\. Received "float32"/],
  [["--only", "train,peers"], /--only must be one of train, recipe/],
  [["--data", "none.zip"], /--data must be the path of a file that is there\. Received "none\.zip"/],
  [["--data", "."], /--data must be the path of a file/],
] as const) {
  test(`${JSON.stringify(args)} is refused with what would be taken`, () => {
    assert.throws(() => parseOptions(TABLE, args, HERE), { code: "USAGE", message });
  });
}

test("an option that must be given is asked for by name", () => {
  const table = { scripts: existingFolder("<folder>", "the peers' scripts") };
  assert.throws(() => parseOptions(table, [], HERE), {
    code: "USAGE",
    message: /--scripts <folder> is missing/,
  });
  assert.deepEqual(parseOptions(table, ["--scripts", "."], HERE), { scripts: HERE });
  assert.match(describeOptions(table), /the peers' scripts; required/);
});
