import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { buildSchema, type DocumentNode, Kind, validate } from "graphql";
import * as generated from "../../../src/client/generated/graphql.js";
import { projectRoot } from "../../../src/lang/project-root.js";

const schema = buildSchema(readFileSync(path.join(projectRoot(), "schema.graphql"), "utf8"));
const documents = Object.entries<DocumentNode>(generated).filter(([, { definitions }]) =>
  definitions.some(({ kind }) => kind === Kind.OPERATION_DEFINITION),
);

test("all generated documents are valid against schema.graphql", () => {
  for (const program of ["Demo", "Bench", "Torture", "LaunchRun"]) {
    assert.ok(
      documents.some(([name]) => name.startsWith(program)),
      program,
    );
  }
  for (const [name, document] of documents) assert.deepEqual(validate(schema, document), [], name);
});
