import { type ApiClient, resultOf } from "./api-client.js";
import { graphql } from "./generated/gql.js";
import type { LaunchRunInput } from "./generated/graphql.js";

const LAUNCH_RUN = graphql(`mutation LaunchRun($input: LaunchRunInput!) {
  launchRun(input: $input) {
    run { id }
    userErrors { code message }
  }
}`);

/**
 * Queues a run.
 *
 * @returns the id of the run
 * @throws ClientError with the first error of the input
 */
export async function launchRun(api: ApiClient, input: LaunchRunInput): Promise<string> {
  const { launchRun: payload } = await api.request(LAUNCH_RUN, { input });
  return resultOf(payload.run, payload.userErrors).id;
}
