import { AppError } from "../core/app-error.js";
import type { ModelRecord } from "./model-records.js";
import { parseModelRef } from "./model-ref.js";
import type { ModelStore } from "./model-store.js";

/** Models that a message lists at most. */
const LISTED_MODELS = 10;

/**
 * The error for a reference that names no model version. Says which part of it does not exist, and what does.
 *
 * @param path of the field of the input
 */
export async function modelVersionNotFound(
  models: ModelStore,
  ref: string,
  path: readonly string[] = [],
): Promise<AppError> {
  return new AppError("MODEL_VERSION_NOT_FOUND", await explain(models, ref), { path });
}

async function explain(models: ModelStore, ref: string): Promise<string> {
  const parsed = parseModelRef(ref);
  if (parsed === null) {
    return (
      `A model version is named "flowers" (the latest version of a model), "flowers:3" or "flowers@champion". ` +
      `Received ${JSON.stringify(ref)}.`
    );
  }
  const model = await models.findModelByName(parsed.model);
  if (model === null) {
    const reason = `there is no model named "${parsed.model}"`;
    return `${JSON.stringify(ref)} names no model version: ${reason}. ${await describeModels(models)}`;
  }
  if (parsed.kind === "alias") return describeAliases(models, model, parsed.alias);
  const [latest] = await models.latestVersions([model.id]);
  if (latest === undefined || parsed.kind === "latest") return `The model "${model.name}" has no versions.`;
  return `The model "${model.name}" has no version ${parsed.number}. Its latest version is ${latest.number}.`;
}

/** Says that a model lacks an alias, and which ones it has. */
export async function describeAliases(
  models: ModelStore,
  { id, name }: Pick<ModelRecord, "id" | "name">,
  alias: string,
): Promise<string> {
  const names = (await models.aliasesOfModels([id])).map((existing) => existing.name);
  const existing = names.length === 0 ? "It has no aliases." : `Aliases: ${names.join(", ")}.`;
  return `The model "${name}" has no alias "${alias}". ${existing}`;
}

async function describeModels(models: ModelStore): Promise<string> {
  const { items, hasNextPage } = await models.listModels({ first: LISTED_MODELS, after: null });
  if (items.length === 0) return "There are no models yet.";
  const names = items.map(({ node }) => node.name).join(", ");
  return (await hasNextPage()) ? `The newest models: ${names}.` : `Models: ${names}.`;
}
