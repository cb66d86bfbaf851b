import { type ApiClient, made } from "../../src/client/api-client.js";
import { ClientError } from "../../src/client/client-error.js";
import { LAUNCH_RUN } from "../../src/client/operations.js";
import type { BenchContext } from "../benchmark.js";
import { type MeasuredRunEvent, RUN_EVENTS, RUN_SETTINGS } from "./operations.js";

/** A RunConfigurationInput. */
export type RunConfigurationInput = Readonly<Record<string, unknown>>;

/** Queues a run. @returns its id; @throws ClientError with the first of the launch's errors */
export async function launchRun(
  api: ApiClient,
  dataset: string,
  configuration: RunConfigurationInput,
): Promise<string> {
  const input = { experiment: "bench", dataset, configuration };
  const { launchRun: payload } = await api.request(LAUNCH_RUN, { input });
  return made(payload.run, payload.userErrors).id;
}

/**
 * A run's events until it ends, whichever way; warnings are told to the person.
 *
 * @throws ClientError with the run's end reason when it fails
 */
export async function* followRun(
  api: ApiClient,
  runId: string,
  { report, signal }: BenchContext,
): AsyncGenerator<MeasuredRunEvent, void> {
  for await (const { runEvents: event } of api.follow(RUN_EVENTS, { runId })) {
    signal.throwIfAborted();
    if (event.__typename === "RunWarning") report(event.message);
    if (event.__typename === "RunStateChanged" && event.to === "FAILED") {
      const reason = event.reason ?? event.to;
      throw new ClientError(reason, `The run failed: ${event.detail ?? reason}`);
    }
    yield event;
  }
}

/** What the run's configured precision became on this machine. */
export async function precisionOf(api: ApiClient, runId: string): Promise<string> {
  const { run } = await api.request(RUN_SETTINGS, { runId });
  return run?.environment?.precision ?? "unknown";
}
