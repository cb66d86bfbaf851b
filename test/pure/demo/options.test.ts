import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { parseOptions } from "../../../demo/options.js";

const HERE = import.meta.dirname;

test("without options the demo draws its own pictures and talks to a person", () => {
  assert.deepEqual(parseOptions([], HERE), { dataFile: null, json: false, help: false });
});

test("an archive is looked for in the folder that npm was called from", () => {
  const name = path.basename(import.meta.filename);
  const options = parseOptions(["--data", name, "--json"], HERE);
  assert.deepEqual(options, { dataFile: import.meta.filename, json: true, help: false });
});

test("an archive that is not there is named in full", () => {
  assert.throws(() => parseOptions(["--data", "none.zip"], HERE), {
    code: "DATA_NOT_FOUND",
    message: new RegExp(path.join(HERE, "none.zip")),
  });
});

test("an option that does not exist is answered with those that do", () => {
  assert.throws(() => parseOptions(["--date"], HERE), { code: "USAGE", message: /--data <archive>/ });
});
