import { mkdir, watch } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { EventFollower } from "../world/event-follower.js";
import type { TortureWorld } from "../world/torture-world.js";
import { type Fault, type Moment, WHILE_TRAINING } from "./fault-plan.js";

/** Durations of the moments, as the reference run shows. */
export interface Pace {
  readonly epochMs: number;
  readonly preparingMs: number;
  readonly startingMs: number;
}

/** The run and the server that a fault is for. */
export interface Target {
  readonly world: TortureWorld;
  readonly runId: string;
  readonly follower: EventFollower;
  readonly pace: Pace;
  /** Number of the follower's events at the last kill. */
  readonly sinceKill: number;
  /** Whether a checkpoint must have been saved since the last kill. */
  readonly mustSave: boolean;
}

/** A moment that lasts until it is disposed of. */
export type HeldMoment = AsyncDisposable;

/** Time in which a checkpoint of a small network is written, synced and renamed. */
const CHECKPOINT_MS = 40;
/** Time after an event in which its follow-up work happens. */
const AFTER_EVENT_MS = 10;
const POLL_MS = 2;

type Wait = (target: Target, fraction: number, signal: AbortSignal) => Promise<HeldMoment>;

const WAITS: Readonly<Record<Moment, Wait>> = {
  ANY: (target, fraction, signal) => lasting(fraction * target.pace.epochMs, signal),
  async CHECKPOINT({ world, runId, follower }, fraction, signal) {
    await checkpointBegins(path.join(world.runFolder(runId), "checkpoints"), follower, signal);
    return lasting(fraction * CHECKPOINT_MS, signal);
  },
  async EPOCH({ follower }, fraction, signal) {
    const { epochsDone } = follower;
    await follower.until(() => follower.isOver || follower.epochsDone > epochsDone, signal);
    return lasting(fraction * AFTER_EVENT_MS, signal);
  },
  async INSIDE({ follower }, fraction, signal) {
    const { savedInside } = follower;
    await follower.until(() => follower.isOver || follower.savedInside > savedInside, signal);
    return lasting(fraction * AFTER_EVENT_MS, signal);
  },
  METRICS: ({ world, follower }, _fraction, signal) => metricsBlocked(world, follower, signal),
  async PREPARING({ follower, sinceKill, pace }, fraction, signal) {
    await follower.until(() => follower.isOver || follower.hasBeen("PREPARING", sinceKill), signal);
    return lasting(fraction * pace.preparingMs, signal);
  },
  STARTING({ world, pace }, fraction, signal) {
    const passedMs = performance.now() - world.server.startedMs;
    return lasting(fraction * pace.startingMs - passedMs, signal);
  },
};

const NEEDS_TRAINING: ReadonlySet<Moment> = new Set(WHILE_TRAINING);

/**
 * Waits for the moment of a fault or the end of the run.
 *
 * @throws the signal's reason
 */
export async function waitForMoment(fault: Fault, target: Target, signal: AbortSignal): Promise<HeldMoment> {
  const { follower, sinceKill, mustSave } = target;
  if (NEEDS_TRAINING.has(fault.moment)) {
    const isDue = (): boolean =>
      follower.hasBeen("RUNNING", sinceKill) &&
      follower.epochsDone >= fault.afterEpoch &&
      (!mustSave || follower.hasSaved(sinceKill));
    await follower.until(() => follower.isOver || isDue(), signal);
  }
  return WAITS[fault.moment](target, fault.fraction, signal);
}

async function lasting(ms: number, signal: AbortSignal): Promise<HeldMoment> {
  await delay(Math.max(0, ms), undefined, { signal }).catch(() => signal.throwIfAborted());
  return { async [Symbol.asyncDispose]() {} };
}

/** Resolves when the temporary folder of a checkpoint appears. */
async function checkpointBegins(folder: string, follower: EventFollower, signal: AbortSignal): Promise<void> {
  // The run itself makes this folder only for its first checkpoint.
  await mkdir(folder, { recursive: true });
  const enough = new AbortController();
  const over = follower.until(() => follower.isOver, AbortSignal.any([signal, enough.signal]));
  over.then(
    () => enough.abort(),
    () => {},
  );
  try {
    for await (const { filename } of watch(folder, { signal: AbortSignal.any([signal, enough.signal]) })) {
      if (filename?.startsWith(".tmp-")) return;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!enough.signal.aborted) throw error;
  } finally {
    enough.abort();
  }
}

/**
 * Locks the metrics against writing, and resolves when a transaction of the server waits for the lock. Readers are not
 * blocked.
 */
async function metricsBlocked(
  { postgres }: TortureWorld,
  follower: EventFollower,
  signal: AbortSignal,
): Promise<HeldMoment> {
  const client = await postgres.connect();
  const held: HeldMoment = { [Symbol.asyncDispose]: () => client.end() };
  try {
    await client.query("begin");
    await client.query("lock table metric_point in share mode");
    while (!follower.isOver) {
      const { rowCount } = await client.query(
        "select from pg_locks where relation = 'metric_point'::regclass and not granted",
      );
      if (rowCount !== 0) break;
      await delay(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
    return held;
  } catch (error) {
    await held[Symbol.asyncDispose]();
    throw error;
  }
}
