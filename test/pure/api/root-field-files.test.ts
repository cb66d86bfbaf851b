import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { buildSchema, type GraphQLObjectType } from "graphql";
import { projectRoot } from "../../../src/lang/project-root.js";

const root = projectRoot(import.meta.dirname);
const schema = buildSchema(await readFile(path.join(root, "schema.graphql"), "utf8"));
const files = (await readdir(path.join(root, "src/api"), { recursive: true })).filter((file) =>
  file.endsWith(".ts"),
);

for (const [folder, type] of [
  ["queries", schema.getQueryType()],
  ["mutations", schema.getMutationType()],
  ["subscriptions", schema.getSubscriptionType()],
] as const) {
  test(`each root field of ${folder} has one file, named after it`, () => {
    const missing = namesOf(type).filter((name) => {
      const found = files.filter((file) => file.endsWith(path.join("/", folder, `${kebabCase(name)}.ts`)));
      return found.length !== 1;
    });
    assert.deepEqual(missing, []);
  });
}

test("no folder of the API holds more than 20 files", () => {
  const counts = Map.groupBy(files, (file) => path.dirname(file));
  const full = [...counts].filter(([, inFolder]) => inFolder.length > 20).map(([folder]) => folder);
  assert.deepEqual(full, []);
});

function namesOf(type: GraphQLObjectType | null | undefined): string[] {
  const names = Object.keys(type?.getFields() ?? {});
  assert.notEqual(names.length, 0);
  return names;
}

function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
