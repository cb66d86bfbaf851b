import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import {
  buildSchema,
  type DocumentNode,
  getNamedType,
  isInterfaceType,
  isObjectType,
  Kind,
  parse,
  type SelectionSetNode,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
} from "graphql";
import { projectRoot } from "../../../src/lang/project-root.js";

const ROOT = projectRoot();
const EXAMPLES = path.join(ROOT, "examples");
const schema = buildSchema(readFileSync(path.join(ROOT, "schema.graphql"), "utf8"));
const files = readdirSync(EXAMPLES).sort();
const queries = files.filter((file) => file.endsWith(".graphql"));

for (const file of queries) {
  test(`examples/${file} is one operation with a comment, and fits the schema`, () => {
    const text = readFileSync(path.join(EXAMPLES, file), "utf8");
    const document = parse(text);
    assert.deepEqual(validate(schema, document), []);
    assert.match(text, /^# /, "a comment explains it");
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

test("the examples select the id of every object that has one, so that clients can cache it", () => {
  for (const file of queries) {
    const document = parse(readFileSync(path.join(EXAMPLES, file), "utf8"));
    const types = new TypeInfo(schema);
    const missing: string[] = [];
    visit(
      document,
      visitWithTypeInfo(types, {
        Field(field) {
          const type = getNamedType(types.getType());
          if (isNode(type) && !selectsId(field.selectionSet, document)) missing.push(field.name.value);
        },
      }),
    );
    assert.deepEqual(missing, [], file);
  }
});

function isNode(type: unknown): boolean {
  if (!isObjectType(type) && !isInterfaceType(type)) return false;
  return type.name === "Node" || type.getInterfaces().some(({ name }) => name === "Node");
}

function selectsId(set: SelectionSetNode | undefined, document: DocumentNode): boolean {
  return (set?.selections ?? []).some((selection) => {
    if (selection.kind === Kind.FIELD) return selection.name.value === "id";
    if (selection.kind === Kind.INLINE_FRAGMENT) return selectsId(selection.selectionSet, document);
    const fragment = document.definitions.find(
      (node) => node.kind === Kind.FRAGMENT_DEFINITION && node.name.value === selection.name.value,
    );
    return fragment?.kind === Kind.FRAGMENT_DEFINITION && selectsId(fragment.selectionSet, document);
  });
}

test("every file of variables belongs to an example", () => {
  const variables = files.filter((file) => file.endsWith(".json"));
  assert.deepEqual(
    variables.filter((file) => !queries.includes(file.replace(/json$/, "graphql"))),
    [],
  );
});
