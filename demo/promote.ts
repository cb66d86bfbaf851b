import { type ApiClient, made } from "../src/client/api-client.js";
import { REGISTER, SET_ALIAS } from "../src/client/operations.js";
import type { Terminal } from "../src/client/terminal.js";
import type { LaunchedRun } from "./train.js";

const MIB = 1024 * 1024;

/**
 * Registers the run's best checkpoint as a model version and points the alias at it.
 *
 * @returns the alias as one writes it, `flowers@champion`
 */
export async function promote(
  api: ApiClient,
  terminal: Terminal,
  model: string,
  alias: string,
  run: LaunchedRun,
): Promise<string> {
  const { registerModelVersion } = await api.request(REGISTER, { model, runId: run.id });
  const version = made(registerModelVersion.modelVersion, registerModelVersion.userErrors);
  const { setModelAlias } = await api.request(SET_ALIAS, { model, alias, version: version.number });
  made(setModelAlias.model, setModelAlias.userErrors);
  const size = `${(version.sizeBytes / MIB).toFixed(1)} MiB`;
  const name = `${model}@${alias}`;
  terminal.step(
    "Promote",
    `${name} is now ${version.ref}: the ${run.label} run's epoch ${version.epoch}, ${size}`,
  );
  return name;
}
