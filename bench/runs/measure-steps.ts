import { ClientError } from "../../src/client/client-error.js";
import { graphql } from "../../src/client/generated/gql.js";
import type { RunConfigurationInput } from "../../src/client/generated/graphql.js";
import { launchRun } from "../../src/client/launch-run.js";
import { median } from "../../src/lang/median.js";
import type { BenchContext } from "../benchmark.js";
import type { MeasuredServer } from "../server/measured-server.js";
import { followRun, precisionOf } from "./follow-run.js";
import { StepTimes } from "./step-times.js";

const CANCEL_RUN = graphql(`mutation BenchCancel($runId: ID!) {
  cancelRun(input: { runId: $runId }) { userErrors { code message } }
}`);

export interface StepPlan {
  /** Version of the dataset, such as "images:1". */
  readonly dataset: string;
  readonly configuration: RunConfigurationInput;
  readonly warmUpSteps: number;
  /** Steps to measure. The run is cancelled afterwards. */
  readonly steps: number;
}

/** The cost of training steps. */
export interface StepCost {
  /** Median over the measured steps. */
  readonly secondsPerStep: number;
  /** Processor time of all threads of the server. */
  readonly cpuSecondsPerStep: number;
  /** Peak memory of the server from its start to the last measured step. */
  readonly peakResidentBytes: number;
  readonly measuredSteps: number;
  /** The precision that the run computed in. */
  readonly precision: string;
}

/**
 * Launches a run through the API, follows its events and cancels it after enough steps.
 *
 * @throws ClientError `STEPS_TOO_FEW` when the run ended before a step could be measured
 */
export async function measureSteps(
  server: MeasuredServer,
  plan: StepPlan,
  context: BenchContext,
): Promise<StepCost> {
  const { api } = server;
  const { dataset, configuration } = plan;
  const runId = await launchRun(api, { experiment: "bench", dataset, configuration });
  const times = new StepTimes(plan.warmUpSteps);
  let cpuSeconds = 0;
  let usage = await server.usage();
  for await (const event of followRun(api, runId, context)) {
    if (event.__typename !== "TrainingProgress" || event.progress.epoch === 0) continue;
    if (times.values.length >= plan.steps) continue; // The run ends before its next step.
    const before = usage.cpuSeconds;
    usage = await server.usage();
    const measured = times.observe({ ...event.progress, atMs: Date.parse(event.at) });
    if (measured > 0) cpuSeconds += usage.cpuSeconds - before;
    // The run may have ended by itself: its user error is of no interest.
    if (times.values.length >= plan.steps) await api.request(CANCEL_RUN, { runId });
  }
  const measuredSteps = times.values.length;
  if (measuredSteps === 0) {
    throw new ClientError(
      "STEPS_TOO_FEW",
      `Expected steps after the ${plan.warmUpSteps} warm-up steps. The run ended before. ` +
        "The dataset needs more images.",
    );
  }
  return {
    secondsPerStep: median(times.values),
    cpuSecondsPerStep: cpuSeconds / measuredSteps,
    peakResidentBytes: usage.peakResidentBytes,
    measuredSteps,
    precision: await precisionOf(api, runId),
  };
}
