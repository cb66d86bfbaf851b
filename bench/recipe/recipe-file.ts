import { readFile } from "node:fs/promises";
import { ClientError } from "../../src/client/client-error.js";
import type { RunConfigurationInput, SplitInput } from "../../src/client/generated/graphql.js";
import { isJsonObject, jsonOf } from "../../src/lang/json.js";

/** A split of the dataset and a configuration of the run, as in `examples/recipes`. */
export interface Recipe {
  readonly split: SplitInput;
  readonly configuration: RunConfigurationInput;
}

/**
 * Reads a recipe. The server checks its settings when the run is launched.
 *
 * @throws ClientError `RECIPE_INVALID`
 */
export async function readRecipe(file: string): Promise<Recipe> {
  const text = await readFile(file, "utf8");
  const recipe = jsonOf(text);
  if (isJsonObject(recipe) && isJsonObject(recipe.split) && isJsonObject(recipe.configuration)) {
    const { validation, test, seed = 0 } = recipe.split;
    if (typeof validation === "number" && typeof test === "number" && typeof seed === "number") {
      return { split: { validation, test, seed }, configuration: recipe.configuration };
    }
  }
  throw new ClientError(
    "RECIPE_INVALID",
    'Expected an object with a "split" (validation, test, seed) and a "configuration". ' +
      `${file} has: ${text.slice(0, 80)}`,
  );
}

/** Changes the number of epochs of a recipe. The warm-up keeps its share of the epochs. */
export function withEpochs(recipe: Recipe, epochs: number): Recipe {
  const { epochs: before, learningRate } = recipe.configuration;
  const scale = typeof before === "number" ? epochs / before : 1;
  const schedules = Object.entries(isJsonObject(learningRate) ? learningRate : {}).map(([kind, schedule]) => {
    const warmupEpochs = isJsonObject(schedule) ? schedule.warmupEpochs : null;
    if (!isJsonObject(schedule) || typeof warmupEpochs !== "number") return [kind, schedule];
    return [kind, { ...schedule, warmupEpochs: warmupEpochs * scale }];
  });
  const scaled = isJsonObject(learningRate) ? { learningRate: Object.fromEntries(schedules) } : {};
  return { ...recipe, configuration: { ...recipe.configuration, ...scaled, epochs } };
}
