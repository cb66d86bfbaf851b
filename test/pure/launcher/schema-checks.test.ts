import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import { projectRoot } from "../../../src/lang/project-root.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

const root = projectRoot();
const released = await readFile(path.join(root, "schema.released.graphql"), "utf8");
const schema = await readFile(path.join(root, "schema.graphql"), "utf8");

interface Outcome {
  readonly code: number | null;
  readonly output: string;
}

function run(...words: readonly string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: root, encoding: "utf8" });
  return { code: status, output: `${stdout}${stderr}` };
}

/** Compares a schema with the released one. */
async function compare(changed: string): Promise<Outcome> {
  await using temporary = await temporaryFolder();
  const file = path.join(temporary.folder, "schema.graphql");
  await writeFile(file, changed);
  return run("launcher/schema-compatibility.mjs", "schema.released.graphql", file);
}

async function lint(sdl: string): Promise<Outcome> {
  await using temporary = await temporaryFolder();
  const file = path.join(temporary.folder, "schema.graphql");
  await writeFile(file, sdl);
  return run("node_modules/graphql-schema-linter/lib/cli.js", file);
}

/** The text with one change, which must have been possible. */
function replaced(text: string, before: string, after: string): string {
  assert.ok(text.includes(before), before);
  return text.replace(before, after);
}

describe("the check of schema compatibility", () => {
  test("accepts the schema of this version", async () => {
    assert.equal((await compare(schema)).code, 0);
  });

  for (const [change, before, after, message] of [
    ["a removed field", "  classNames: [String!]!\n", "", "Field 'classNames' was removed"],
    ["a field that may become null", "  classNames: [String!]!", "  classNames: [String!]", "changed type"],
    ["a removed enum value", "  VALIDATION_TOP5\n", "", "Enum value 'VALIDATION_TOP5' was removed"],
    ["a new required argument", "run(id: ID!)", "run(id: ID!, tenant: ID!)", "Argument 'tenant: ID!' added"],
    ["a new required input field", "input RunInput {\n", "input RunInput {\n  at: ID!\n", "'at'"],
  ] as const) {
    test(`refuses ${change} and names it`, async () => {
      const { code, output } = await compare(replaced(released, before, after));
      assert.equal(code, 1, output);
      assert.match(output, /^Breaking changes since the release:/);
      assert.ok(output.includes(message), output);
    });
  }

  for (const [change, before, after, message] of [
    ["a new enum value", "  VALIDATION_TOP5\n", "  VALIDATION_TOP5\n  VALIDATION_F1\n", "VALIDATION_F1"],
    ["a new optional argument", "run(id: ID!)", "run(id: ID!, tenant: ID)", "Argument 'tenant: ID' added"],
  ] as const) {
    test(`allows ${change}, and names it because clients may notice`, async () => {
      const { code, output } = await compare(replaced(released, before, after));
      assert.equal(code, 0, output);
      assert.match(output, /^Changes since the release that clients may notice:/);
      assert.ok(output.includes(message), output);
    });
  }

  test("allows a new field without a word", async () => {
    const { code, output } = await compare(
      replaced(released, "  classNames: [String!]!\n", "  classNames: [String!]!\n  classCount: Int!\n"),
    );
    assert.deepEqual([code, output], [0, ""]);
  });
});

describe("the check of schema style", () => {
  test("accepts the schema of this version", () => {
    const { code, output } = run("node_modules/graphql-schema-linter/lib/cli.js", "schema.graphql");
    assert.equal(code, 0, output);
  });

  for (const [fault, fields, rule] of [
    ["a description that begins in lower case", '"""words.""" extra: Int!', "descriptions-are-capitalized"],
    ["a word that is not the project's term", '"""Pictures.""" extra: Int!', "preferred-terms"],
    ["a field that may be null without saying so", '"""Words.""" extra: Int', "nullable-fields-explain-null"],
    [
      "a connection that is only read forward",
      '"""Words.""" extra("""Words.""" first: Int, """Words.""" after: String): ModelConnection!',
      "connections-read-both-ways",
    ],
  ] as const) {
    test(`refuses ${fault}`, async () => {
      const { code, output } = await lint(`${schema}\nextend type System { ${fields} }\n`);
      assert.equal(code, 1, output);
      assert.ok(output.includes(rule), output);
    });
  }

  for (const [fault, before, after, rule] of [
    [
      "a page without `hasPreviousPage`",
      "hasPreviousPage: Boolean!",
      "hasPrevious: Boolean!",
      "relay-page-info",
    ],
    [
      "a connection without `edges`",
      "edges: [ModelEdge!]!",
      "items: [ModelEdge!]!",
      "relay-connection-types",
    ],
  ] as const) {
    test(`refuses ${fault}`, async () => {
      const { code, output } = await lint(replaced(schema, before, after));
      assert.equal(code, 1, output);
      assert.ok(output.includes(rule), output);
    });
  }

  test("refuses whatever lacks a description", async () => {
    const { code, output } = await lint(released);
    assert.equal(code, 1);
    for (const rule of [
      "arguments-have-descriptions",
      "enum-values-have-descriptions",
      "fields-have-descriptions",
      "input-object-values-have-descriptions",
      "types-have-descriptions",
    ]) {
      assert.ok(output.includes(rule), rule);
    }
  });
});
