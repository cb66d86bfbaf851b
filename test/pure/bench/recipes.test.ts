import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { buildSchema, getVariableValues, Kind, parse } from "graphql";
import { readRecipe, withEpochs } from "../../../bench/recipe/recipe-file.js";
import { projectRoot } from "../../../src/lang/project-root.js";

const RECIPES = path.join(projectRoot(), "examples/recipes");
const schema = buildSchema(readFileSync(path.join(projectRoot(), "schema.graphql"), "utf8"));

for (const file of readdirSync(RECIPES).filter((name) => name.endsWith(".json"))) {
  test(`the settings of examples/recipes/${file} match the schema`, async () => {
    const { split, configuration } = await readRecipe(path.join(RECIPES, file));
    assert.deepEqual(errorsOf("RunConfigurationInput!", configuration), []);
    assert.deepEqual(errorsOf("SplitInput!", split), []);
    assert.ok((split.test ?? 0) > 0, "the test split is not empty");
  });
}

/** Returns the errors of a value of an input type. */
function errorsOf(type: string, value: unknown): readonly string[] {
  const document = parse(`query ($value: ${type}) { __typename }`);
  const [operation] = document.definitions;
  assert.ok(operation?.kind === Kind.OPERATION_DEFINITION);
  const { errors = [] } = getVariableValues(schema, operation.variableDefinitions ?? [], { value });
  return errors.map(({ message }) => message);
}

test("a recipe with fewer epochs keeps the share of its warm-up", () => {
  const split = { validation: 0.1, test: 0.1, seed: 0 };
  const cosine = { initial: 0.002, warmupEpochs: 10 };
  const recipe = { split, configuration: { epochs: 100, batchSize: 64, learningRate: { cosine } } };
  assert.deepEqual(withEpochs(recipe, 5), {
    split,
    configuration: {
      epochs: 5,
      batchSize: 64,
      learningRate: { cosine: { initial: 0.002, warmupEpochs: 0.5 } },
    },
  });
  const plain = { split, configuration: { learningRate: { constant: { initial: 0.1 } } } };
  assert.deepEqual(withEpochs(plain, 5), { split, configuration: { ...plain.configuration, epochs: 5 } });
});

test("a file that is no recipe is refused with its path", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "espalier-test-recipe-"));
  try {
    const file = path.join(folder, "recipe.json");
    for (const text of ["", "[]", '{"split": {"validation": 0.1}, "configuration": {}}']) {
      await writeFile(file, text);
      await assert.rejects(readRecipe(file), { code: "RECIPE_INVALID", message: /recipe\.json/ });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
