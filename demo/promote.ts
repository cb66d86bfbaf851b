import { type ApiClient, resultOf } from "../src/client/api-client.js";
import { graphql } from "../src/client/generated/gql.js";
import type { Terminal } from "../src/client/terminal.js";
import type { LaunchedRun } from "./train.js";

const REGISTER = graphql(`mutation DemoRegister($model: String!, $runId: ID!) {
  registerModelVersion(input: { model: $model, runId: $runId }) {
    modelVersion { number ref epoch sizeBytes }
    userErrors { code message }
  }
}`);

const SET_ALIAS = graphql(`mutation DemoAlias($model: String!, $alias: String!, $version: Int!) {
  setModelAlias(input: { model: $model, alias: $alias, version: $version }) {
    model { name }
    userErrors { code message }
  }
}`);

const MIB = 1024 * 1024;

/**
 * Registers the run's best checkpoint as a model version and points the alias at it.
 *
 * @returns the reference of the alias, `flowers@champion`
 */
export async function promote(
  api: ApiClient,
  terminal: Terminal,
  model: string,
  alias: string,
  run: LaunchedRun,
): Promise<string> {
  const { registerModelVersion } = await api.request(REGISTER, { model, runId: run.id });
  const version = resultOf(registerModelVersion.modelVersion, registerModelVersion.userErrors);
  const { setModelAlias } = await api.request(SET_ALIAS, { model, alias, version: version.number });
  resultOf(setModelAlias.model, setModelAlias.userErrors);
  const size = `${(version.sizeBytes / MIB).toFixed(1)} MiB`;
  const name = `${model}@${alias}`;
  terminal.step(
    "Promote",
    `${name} is now ${version.ref}: the ${run.label} run's epoch ${version.epoch}, ${size}`,
  );
  return name;
}
