import { type RawBuilder, sql } from "kysely";
import type { RunRecord } from "./run-row.js";

/** The columns with the time that trainers have spent on a run, as its trainer reports it now. */
export function reportedTrainingTime(seconds: number): {
  readonly trainingSeconds: number;
  readonly trainingSecondsAt: RawBuilder<Date>;
} {
  return { trainingSeconds: seconds, trainingSecondsAt: sql<Date>`now()` };
}

/**
 * Time that trainers have spent on a run in all its attempts, in seconds; null before the first. While a trainer works on
 * the run, the time since its last report is added, but none after its lease, when it counts as dead.
 */
export function trainingSeconds(
  run: Pick<RunRecord, "startedAt" | "trainingSeconds" | "trainingSecondsAt" | "leaseExpiresAt">,
  now: Date,
): number | null {
  if (run.startedAt === null) return null;
  const { trainingSeconds: reported, trainingSecondsAt: at, leaseExpiresAt } = run;
  if (at === null || leaseExpiresAt === null) return reported;
  const until = Math.min(now.getTime(), leaseExpiresAt.getTime());
  return reported + Math.max(0, until - at.getTime()) / 1000;
}
