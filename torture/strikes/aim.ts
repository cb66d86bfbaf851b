import { mkdir, watch } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { EventFollower } from "../world/event-follower.js";
import type { TortureWorld } from "../world/torture-world.js";
import { type Moment, type Strike, WHILE_TRAINING } from "./strike-plan.js";

/** How long what is aimed at lasts. */
export interface Pace {
  readonly epochMs: number;
  readonly preparingMs: number;
  readonly startingMs: number;
}

/** What a strike is aimed at. */
export interface Target {
  readonly world: TortureWorld;
  readonly runId: string;
  readonly follower: EventFollower;
  readonly pace: Pace;
  /** Where among the follower's events those begin that came after the last kill. */
  readonly sinceKill: number;
  /** Whether it waits for a checkpoint that was saved since the last kill. */
  readonly mustSave: boolean;
}

/** A moment that has come: it lasts until it is let go. */
export type Aimed = AsyncDisposable;

/** A checkpoint of a small network is written, synced and in its place in that time. */
const CHECKPOINT_MS = 40;
/** What comes right after something was told. */
const AFTER_EVENT_MS = 10;
const POLL_MS = 2;

type Aim = (target: Target, fraction: number, signal: AbortSignal) => Promise<Aimed>;

const AIMS: Readonly<Record<Moment, Aim>> = {
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
  METRICS: ({ world, follower }, _fraction, signal) => metricsHeldUp(world, follower, signal),
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
 * Waits for the moment of a strike, or the end of the run.
 *
 * @throws the signal's reason
 */
export async function aim(strike: Strike, target: Target, signal: AbortSignal): Promise<Aimed> {
  const { follower, sinceKill, mustSave } = target;
  if (NEEDS_TRAINING.has(strike.moment)) {
    const isDue = (): boolean =>
      follower.hasBeen("RUNNING", sinceKill) &&
      follower.epochsDone >= strike.afterEpoch &&
      (!mustSave || follower.hasSaved(sinceKill));
    await follower.until(() => follower.isOver || isDue(), signal);
  }
  return AIMS[strike.moment](target, strike.fraction, signal);
}

async function lasting(ms: number, signal: AbortSignal): Promise<Aimed> {
  await delay(Math.max(0, ms), undefined, { signal }).catch(() => signal.throwIfAborted());
  return { async [Symbol.asyncDispose]() {} };
}

/** Resolves when files of a checkpoint begin to be written beside their place. */
async function checkpointBegins(folder: string, follower: EventFollower, signal: AbortSignal): Promise<void> {
  // Before its first checkpoint the run has no such folder, which then is as good as its own.
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
 * Lets nobody write metrics, and resolves when the server waits for it in the middle of a transaction. A reader
 * gets through.
 */
async function metricsHeldUp(
  { postgres }: TortureWorld,
  follower: EventFollower,
  signal: AbortSignal,
): Promise<Aimed> {
  const client = await postgres.connect();
  const aimed: Aimed = { [Symbol.asyncDispose]: () => client.end() };
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
    return aimed;
  } catch (error) {
    await aimed[Symbol.asyncDispose]();
    throw error;
  }
}
