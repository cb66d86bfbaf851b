import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { buildSchema, Kind, parse, validate } from "graphql";
import { projectRoot } from "../../../src/lang/project-root.js";

const ROOT = projectRoot();
const EXAMPLES = path.join(ROOT, "examples");
const schema = buildSchema(readFileSync(path.join(ROOT, "schema.graphql"), "utf8"));
const files = readdirSync(EXAMPLES).sort();
const queries = files.filter((file) => file.endsWith(".graphql"));

for (const file of queries) {
  test(`examples/${file} is one operation, explained, that the schema accepts`, () => {
    const text = readFileSync(path.join(EXAMPLES, file), "utf8");
    const document = parse(text);
    assert.deepEqual(validate(schema, document), []);
    assert.match(text, /^# /, "a comment says what it does");
    const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
    assert.equal(operations.length, 1);
    const required = (operations[0]?.variableDefinitions ?? [])
      .filter((variable) => variable.type.kind === Kind.NON_NULL_TYPE)
      .map((variable) => variable.variable.name.value);
    const variables = file.replace(/graphql$/, "json");
    const given = files.includes(variables)
      ? Object.keys(JSON.parse(readFileSync(path.join(EXAMPLES, variables), "utf8")) as object)
      : [];
    assert.deepEqual(
      required.filter((name) => !given.includes(name)),
      [],
    );
  });
}

test("every file of variables belongs to an example", () => {
  const variables = files.filter((file) => file.endsWith(".json"));
  assert.deepEqual(
    variables.filter((file) => !queries.includes(file.replace(/json$/, "graphql"))),
    [],
  );
});
