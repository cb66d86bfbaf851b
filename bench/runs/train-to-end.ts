import { ClientError } from "../../src/client/client-error.js";
import type { RunConfigurationInput } from "../../src/client/generated/graphql.js";
import { launchRun } from "../../src/client/launch-run.js";
import { median } from "../../src/lang/median.js";
import type { BenchContext } from "../benchmark.js";
import type { MeasuredServer } from "../server/measured-server.js";
import { type FinishedEpoch, followRun, precisionOf } from "./follow-run.js";

/** The cost of a whole run. */
export interface RunCost {
  readonly runId: string;
  readonly epochs: readonly FinishedEpoch[];
  /** Median; training, validation and checkpoint. */
  readonly secondsPerEpoch: number;
  /** Time from the launch to the end, including decoding. */
  readonly seconds: number;
  /** Highest resident memory while the run trained. */
  readonly residentBytes: number;
  /** The precision that the run computed in. */
  readonly precision: string;
}

/** Launches a run through the API and follows it to its end. @throws ClientError when it does not succeed */
export async function trainToEnd(
  server: MeasuredServer,
  dataset: string,
  configuration: RunConfigurationInput,
  context: BenchContext,
): Promise<RunCost> {
  const { api } = server;
  const startedMs = performance.now();
  const runId = await launchRun(api, { experiment: "bench", dataset, configuration });
  const epochs: FinishedEpoch[] = [];
  let residentBytes = 0;
  for await (const event of followRun(api, runId, context)) {
    if (event.__typename === "TrainingProgress" && event.progress.epoch > 0) {
      residentBytes = Math.max(residentBytes, (await server.usage()).residentBytes);
    }
    if (event.__typename === "EpochCompleted") {
      epochs.push(event.epoch);
      context.report(epochLine(event.epoch));
    }
  }
  if (epochs.length === 0)
    throw new ClientError("RUN_LOST", "The run's events ended before its first epoch.");
  return {
    runId,
    epochs,
    secondsPerEpoch: median(epochs.map(({ seconds }) => seconds)),
    seconds: (performance.now() - startedMs) / 1000,
    residentBytes,
    precision: await precisionOf(api, runId),
  };
}

function epochLine({ number, seconds, validationTop1, imagesPerSecond }: FinishedEpoch): string {
  const speed = `${seconds.toFixed(2)} s, ${Math.round(imagesPerSecond)} images/s`;
  return `epoch ${number}: ${speed}, validation top-1 ${validationTop1.value?.toFixed(4) ?? "none"}`;
}
