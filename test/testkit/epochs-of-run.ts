import type { EpochRecord } from "../../src/core/runs/events.js";
import type { EpochsPage, RunStore } from "../../src/training/record/run-store.js";

/** The epochs of one run, all of them unless a page is given. */
export async function epochsOfRun(
  runs: RunStore,
  runId: string,
  page?: EpochsPage,
): Promise<readonly EpochRecord[]> {
  return (await runs.epochsOf([runId], page)).get(runId) ?? [];
}
