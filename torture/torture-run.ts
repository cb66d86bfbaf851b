import { AppError } from "../src/core/app-error.js";
import type { RunEvent } from "./operations.js";
import { aim, type Pace, type Target } from "./strikes/aim.js";
import { MOMENTS, type Strike } from "./strikes/strike-plan.js";
import { EventFollower } from "./world/event-follower.js";
import type { TortureWorld } from "./world/torture-world.js";

/** Nothing of a small run takes as long: one that tells nothing for so long hangs. */
const STALLED_MS = 120_000;
/** PostgreSQL stays away for at most so long. */
const DOWN_MS = 3_000;
/**
 * Kills in a row that may come before anything new was saved: the server gives a run up after a few of these,
 * since whatever kills it will do so again.
 */
const MOST_FRUITLESS = 2;

const TARGETS = { SERVER: "the server", POSTGRES: "PostgreSQL" } as const;

export interface TortureJob {
  readonly runId: string;
  readonly strikes: readonly Strike[];
  readonly pace: Pace;
  report(line: string): void;
  readonly signal: AbortSignal;
}

export interface Tortured {
  readonly kills: number;
  readonly postgresRestarts: number;
  /** What a subscriber saw that was cut off by every kill. */
  readonly followed: readonly RunEvent[];
}

/**
 * Follows a run that was just launched to its end, and strikes it on the way; what the run is too short for is
 * left out.
 *
 * @throws AppError `RUN_STALLED` when it tells nothing any more, `SERVER_ENDED` when the server ends by itself
 */
export async function tortureRun(world: TortureWorld, job: TortureJob): Promise<Tortured> {
  const { runId, strikes, pace, report } = job;
  const { server, postgres } = world;
  const ended = AbortSignal.any([job.signal, server.failed]);
  using follower = new EventFollower(runId);
  const done = { SERVER: 0, POSTGRES: 0 };
  let sinceKill = 0;
  let fruitless = 0;
  let isAttached = false;
  for (const strike of [...strikes, null]) {
    // A server that is killed while it starts has nobody to talk to.
    if (!isAttached && strike?.moment !== "STARTING") {
      follower.attach(await patiently("a server that listens", ended, () => server.api));
      isAttached = true;
    }
    if (strike === null) {
      await patiently("the end of the run", ended, (signal) => follower.until(() => follower.isOver, signal));
      break;
    }
    const mustSave = fruitless >= MOST_FRUITLESS;
    const target: Target = { world, runId, follower, pace, sinceKill, mustSave };
    await using _aimed = await patiently(MOMENTS[strike.moment], ended, (signal) =>
      aim(strike, target, signal),
    );
    if (follower.isOver) break;
    report(
      `${TARGETS[strike.target]} killed ${MOMENTS[strike.moment]}, with ${follower.epochsDone} epochs done`,
    );
    done[strike.target] += 1;
    if (strike.target === "POSTGRES") {
      await postgres.crash(strike.orderly ? "SIGQUIT" : "SIGKILL", strike.fraction * DOWN_MS, ended);
      continue;
    }
    await server.kill();
    follower.detach();
    isAttached = false;
    fruitless = follower.hasSaved(sinceKill) ? 0 : fruitless + 1;
    sinceKill = follower.seen.length;
    server.start();
  }
  return { kills: done.SERVER, postgresRestarts: done.POSTGRES, followed: follower.seen };
}

/** @throws AppError `RUN_STALLED` when it takes too long; the signal's reason */
async function patiently<T>(
  what: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const patience = AbortSignal.timeout(STALLED_MS);
  const ended = AbortSignal.any([signal, patience]);
  const stopped = new Promise<never>((_, reject) => {
    ended.addEventListener("abort", () => reject(ended.reason));
  });
  try {
    return await Promise.race([work(ended), stopped]);
  } catch (error) {
    if (!patience.aborted || signal.aborted) throw error;
    throw new AppError(
      "RUN_STALLED",
      `Waited ${STALLED_MS / 1000} s for this, and it did not come: ${what}.`,
    );
  }
}
