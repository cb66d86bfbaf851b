import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import {
  buildSchema,
  type GraphQLNamedType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isSpecifiedScalarType,
  validateSchema,
} from "graphql";
import { emitSchema } from "../../../src/api/schema.js";
import { RUN_WARNINGS } from "../../../src/core/runs/warnings.js";
import { projectRoot } from "../../../src/lang/project-root.js";

const root = projectRoot(import.meta.dirname);
const schema: GraphQLSchema = buildSchema(await emitSchema());

test("schema.graphql matches the code", async () => {
  const committed = await readFile(path.join(root, "schema.graphql"), "utf8");
  assert.ok(committed === (await emitSchema()), "Run `npm run schema` and commit the result.");
});

test("the schema prints the same every time", async () => {
  const first = await emitSchema();
  assert.equal(first === (await emitSchema()), true);
  assert.deepEqual(validateSchema(schema), []);
});

test("everything in the schema has a description", () => {
  const missing = Object.values(schema.getTypeMap())
    .filter((type) => !type.name.startsWith("__") && !isSpecifiedScalarType(type))
    .flatMap(undescribed);
  assert.deepEqual(missing, []);
});

test("the schema and the warning about memory say that accumulation changes batch normalization", () => {
  const effect =
    "changes the statistics of batch normalization: each micro-batch is normalized by its own means";
  for (const [typeName, field] of [
    ["RunConfigurationInput", "accumulationSteps"],
    ["RunConfiguration", "accumulationSteps"],
    ["RunEnvironment", "partSize"],
  ] as const) {
    const type = schema.getType(typeName);
    assert.ok(isObjectType(type) || isInputObjectType(type));
    assert.ok(type.getFields()[field]?.description?.includes(effect), `${typeName}.${field}`);
  }
  assert.ok(RUN_WARNINGS.BATCH_HALVED.includes(effect));
});

test("descriptions are sentences of more than a few letters", () => {
  const poor = Object.values(schema.getTypeMap())
    .filter((type) => !type.name.startsWith("__") && !isSpecifiedScalarType(type))
    .flatMap((type) => descriptions(type))
    .filter(([, text]) => !/^["A-ZÀ-Ý`].{7,}[.…]`?$/s.test(text ?? ""))
    .map(([where]) => where);
  assert.deepEqual(poor, []);
});

test("the description of a field that may be null says what null means", () => {
  const silent: string[] = [];
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith("__") || !isObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const nullable = !String(field.type).endsWith("!");
      if (nullable && !/null/i.test(field.description ?? "")) silent.push(`${type.name}.${field.name}`);
    }
  }
  assert.deepEqual(silent, []);
});

test("inputs that require exactly one field are marked @oneOf", () => {
  const marked = Object.values(schema.getTypeMap())
    .filter((type) => isInputObjectType(type) && type.isOneOf)
    .map((type) => type.name);
  assert.deepEqual(marked.sort(), [
    "ClassWeightsInput",
    "ImageInput",
    "ImportSourceInput",
    "InitializationInput",
    "LearningRateInput",
    "OptimizerInput",
  ]);
});

test("only lists that are cheap to count have a totalCount", () => {
  const counted = Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) && "totalCount" in type.getFields())
    .map((type) => type.name);
  assert.deepEqual(counted.sort(), [
    "ConfusionCellConnection",
    "DatasetConnection",
    "DatasetVersionConnection",
    "DisagreementConnection",
    "ExperimentConnection",
    "ModelConnection",
    "ModelExportConnection",
    "ModelVersionConnection",
    "QuarantinedFileConnection",
    "RunEventConnection",
    "SampleConnection",
  ]);
});

function descriptions(type: GraphQLNamedType): [string, string | null | undefined][] {
  const own: [string, string | null | undefined][] = [[type.name, type.description]];
  if (isObjectType(type) || isInterfaceType(type)) {
    for (const field of Object.values(type.getFields())) {
      const where = `${type.name}.${field.name}`;
      own.push([where, field.description]);
      for (const argument of field.args) own.push([`${where}(${argument.name})`, argument.description]);
    }
  }
  if (isInputObjectType(type)) {
    for (const field of Object.values(type.getFields())) {
      own.push([`${type.name}.${field.name}`, field.description]);
    }
  }
  if (isEnumType(type)) {
    for (const value of type.getValues()) own.push([`${type.name}.${value.name}`, value.description]);
  }
  return own;
}

function undescribed(type: GraphQLNamedType): string[] {
  return descriptions(type)
    .filter(([, text]) => (text ?? "").trim() === "")
    .map(([where]) => where);
}
