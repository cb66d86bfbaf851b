import assert from "node:assert/strict";
import { test } from "node:test";
import { buildSchema, coerceInputValue, GraphQLInputObjectType } from "graphql";
import { emitSchema } from "../../../src/api/schema.js";
import type { RunConfigurationInput } from "../../../src/core/runs/configuration.js";
import { resolveConfiguration } from "../../../src/training/configuration/resolution.js";

const schema = buildSchema(await emitSchema());

/** The input with the defaults of the schema, as a resolver receives it. */
function coerced(input: object): RunConfigurationInput {
  const type = schema.getType("RunConfigurationInput");
  assert.ok(type instanceof GraphQLInputObjectType);
  return coerceInputValue(input, type) as RunConfigurationInput;
}

test("the schema shows the defaults that a run is trained with", () => {
  for (const input of [
    {},
    { head: {}, optimizer: { adam: {} }, earlyStopping: { patience: 3 } },
    { optimizer: { sgd: {} }, learningRate: { cosine: { initial: 0.1 } } },
    { learningRate: { constant: { initial: 0.1 } } },
  ]) {
    assert.deepEqual(
      resolveConfiguration(coerced(input)),
      resolveConfiguration(input as RunConfigurationInput),
    );
  }
});

test("null has the same meaning as a missing field", () => {
  const fields = Object.keys((schema.getType("RunConfigurationInput") as GraphQLInputObjectType).getFields());
  const nulls = Object.fromEntries(fields.map((field) => [field, null]));
  assert.deepEqual(resolveConfiguration(coerced(nulls)), resolveConfiguration({}));
});
