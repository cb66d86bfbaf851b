import type { BenchContext } from "../bench/benchmark.js";
import { launchRun } from "../src/client/launch-run.js";
import { CONFIGURATION, EPOCHS } from "./configuration.js";
import { collectEvidence } from "./evidence/collect-evidence.js";
import type { RunEvidence } from "./evidence/run-evidence.js";
import type { Fault, FaultKind } from "./faults/fault-plan.js";
import { injectFaults } from "./faults/inject-faults.js";
import type { Pace } from "./faults/wait-for-moment.js";
import type { TortureWorld } from "./world/torture-world.js";

const EXPERIMENT = "torture";

export interface RunWanted {
  /** Name of the run in reports. */
  readonly name: string;
  /** Version of the dataset, such as "torture:1". */
  readonly dataset: string;
  readonly faults: readonly Fault[];
  /** Null for the reference, which has no faults. */
  readonly pace: Pace | null;
}

export interface TrainedRun {
  readonly evidence: RunEvidence;
  readonly injected: Readonly<Record<FaultKind, number>>;
}

/** Launches a run, injects its faults, follows it to its end and collects its results. */
export async function trainRun(
  world: TortureWorld,
  { name, dataset, faults, pace }: RunWanted,
  { report, signal }: BenchContext,
): Promise<TrainedRun> {
  const { server } = world;
  const input = { experiment: EXPERIMENT, dataset, configuration: CONFIGURATION };
  const runId = await launchRun(await server.api, input);
  const reportRun = (line: string): void => report(`${name}: ${line}`);
  const { injected, followed } = await injectFaults(world, {
    ...{ runId, faults, signal, report: reportRun },
    pace: pace ?? { epochMs: 0, preparingMs: 0, startingMs: 0 },
  });
  const runFolder = world.runFolder(runId);
  const evidence = await collectEvidence(await server.api, { name, runId, runFolder, followed });
  return { evidence, injected };
}

/** Measures the moments of faults in an undisturbed run. */
export function paceOf({ events }: RunEvidence, startingMs: number): Pace {
  const when = (state: string): number => {
    const change = events.find((event) => event.__typename === "RunStateChanged" && event.to === state);
    return Date.parse(change?.at ?? "");
  };
  return {
    epochMs: (when("SUCCEEDED") - when("RUNNING")) / EPOCHS,
    preparingMs: when("RUNNING") - when("PREPARING"),
    startingMs,
  };
}
