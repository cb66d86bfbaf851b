import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { ApolloServerErrorCode } from "@apollo/server/errors";
import { ERROR_CODES } from "../../../src/core/error-codes.js";
import { errorReference } from "../../../src/core/error-reference.js";
import { RUN_WARNINGS } from "../../../src/core/runs/warnings.js";
import { projectRoot } from "../../../src/lang/project-root.js";

const TABLES: ReadonlySet<string> = new Set(["core/error-codes.ts", "core/runs/warnings.ts"]);

/** All words in double quotes in the sources, except in the tables themselves. */
async function quotedWords(): Promise<ReadonlySet<string>> {
  const source = path.join(projectRoot(), "src");
  const files = (await readdir(source, { recursive: true })).filter(
    (file) => /\.tsx?$/.test(file) && !file.startsWith("db/generated") && !TABLES.has(file),
  );
  const words = new Set<string>();
  for (const file of files) {
    const text = await readFile(path.join(source, file), "utf8");
    for (const [, word = ""] of text.matchAll(/"([A-Z][A-Z0-9_]*)"/g)) words.add(word);
  }
  return words;
}

test("every error code and every run warning is used somewhere", async () => {
  const used = await quotedWords();
  // Apollo Server returns these itself.
  const ofApollo: ReadonlySet<string> = new Set(Object.values(ApolloServerErrorCode));
  const unused = Object.keys({ ...ERROR_CODES, ...RUN_WARNINGS }).filter(
    (code) => !used.has(code) && !ofApollo.has(code),
  );
  assert.deepEqual(unused, []);
});

test("every meaning is a single sentence", () => {
  const meanings = [...Object.values(ERROR_CODES).map(({ meaning }) => meaning)];
  for (const meaning of meanings) assert.match(meaning, /^[A-Z`a-z][^.]*(\.[a-z][^.]*)*\.$/);
});

test("the reference page lists every code once, with its HTTP status and run end reason", () => {
  const page = errorReference();
  for (const code of Object.keys(ERROR_CODES)) {
    assert.equal(page.split(`\n| \`${code}\` |`).length, code in RUN_WARNINGS ? 3 : 2, code);
  }
  assert.match(page, /\| `UPLOAD_EXPIRED` \| [^|]+ \| caller \| 410 \|/);
  assert.match(page, /\| `ENGINE_OUT_OF_MEMORY` \| [^|]+ \| operator \| `OUT_OF_MEMORY` \|/);
});
