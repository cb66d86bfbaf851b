import type { BenchContext } from "../bench/benchmark.js";
import { launchRun } from "../src/client/launch-run.js";
import { CONFIGURATION, EPOCHS } from "./configuration.js";
import { collectEvidence } from "./evidence/collect-evidence.js";
import type { RunEvidence } from "./evidence/run-evidence.js";
import type { Pace } from "./strikes/aim.js";
import type { Strike } from "./strikes/strike-plan.js";
import { tortureRun } from "./torture-run.js";
import type { TortureWorld } from "./world/torture-world.js";

const EXPERIMENT = "torture";

export interface RunWanted {
  /** For people. */
  readonly name: string;
  /** Such as "torture:1". */
  readonly dataset: string;
  readonly strikes: readonly Strike[];
  /** Null: nobody knows yet, and nothing will strike. */
  readonly pace: Pace | null;
}

export interface TrainedRun {
  readonly evidence: RunEvidence;
  readonly kills: number;
  readonly postgresRestarts: number;
}

/** Launches the run that all runs are, strikes it until it has ended, and gathers what it left. */
export async function trainRun(
  world: TortureWorld,
  { name, dataset, strikes, pace }: RunWanted,
  { report, signal }: BenchContext,
): Promise<TrainedRun> {
  const { server } = world;
  const input = { experiment: EXPERIMENT, dataset, configuration: CONFIGURATION };
  const runId = await launchRun(await server.api, input);
  const tell = (line: string): void => report(`${name}: ${line}`);
  const { kills, postgresRestarts, followed } = await tortureRun(world, {
    ...{ runId, strikes, signal, report: tell },
    pace: pace ?? { epochMs: 0, preparingMs: 0, startingMs: 0 },
  });
  const runFolder = world.runFolder(runId);
  const evidence = await collectEvidence(await server.api, { name, runId, runFolder, followed });
  return { evidence, kills, postgresRestarts };
}

/** How long what can be struck lasts, as a run that nothing happened to shows. */
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
