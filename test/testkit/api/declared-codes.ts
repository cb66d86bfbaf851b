import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { buildSchema, type GraphQLObjectType, getNamedType, isObjectType, Kind, parse } from "graphql";
import { ERROR_CODES, isErrorCode } from "../../../src/core/error-codes.js";
import { projectRoot } from "../../../src/lang/project-root.js";

const mutations: GraphQLObjectType | null | undefined = buildSchema(
  readFileSync(path.join(projectRoot(), "schema.graphql"), "utf8"),
).getMutationType();

/** Fails when a mutation returned a code that depends on its input and that the schema does not list for it. */
export function checkDeclaredCodes(document: string, data: unknown): void {
  if (typeof data !== "object" || data === null || !document.includes("mutation")) return;
  for (const definition of parse(document).definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION || definition.operation !== "mutation") continue;
    for (const field of definition.selectionSet.selections) {
      if (field.kind !== Kind.FIELD) continue;
      const listed = listedCodes(field.name.value);
      for (const code of returnedCodes(data, field.alias?.value ?? field.name.value)) {
        assert.ok(isErrorCode(code), `${code} is not an error code`);
        const dependsOnInput = ERROR_CODES[code].audience === "caller";
        assert.ok(
          listed.has(code) || !dependsOnInput,
          `${field.name.value} returned ${code}, which its payload does not list`,
        );
      }
    }
  }
}

function listedCodes(mutation: string): ReadonlySet<string> {
  const field = mutations?.getFields()[mutation];
  const payload = field === undefined ? undefined : getNamedType(field.type);
  const description = isObjectType(payload) ? payload.getFields().userErrors?.description : undefined;
  return new Set(Array.from((description ?? "").matchAll(/^- `([A-Z0-9_]+)`/gm), ([, code = ""]) => code));
}

function returnedCodes(data: object, key: string): readonly unknown[] {
  const payload: unknown = Reflect.get(data, key);
  if (typeof payload !== "object" || payload === null || !("userErrors" in payload)) return [];
  const { userErrors } = payload;
  if (!Array.isArray(userErrors)) return [];
  return userErrors.flatMap((error: { readonly code?: unknown }) =>
    error.code === undefined ? [] : [error.code],
  );
}
