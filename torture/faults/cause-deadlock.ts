import { setTimeout as delay } from "node:timers/promises";
import type { EventFollower } from "../world/event-follower.js";
import type { KillablePostgres } from "../world/killable-postgres.js";

const POLL_MS = 2;
const LOCK_NOT_AVAILABLE = "55P03";
const DEADLOCK_DETECTED = "40P01";

/**
 * Makes PostgreSQL roll back a transaction of the server because of a deadlock: a rival holds the metrics, waits until a
 * transaction that holds the run waits for them, and then asks for the run. The transaction has waited longer, so it finds
 * the deadlock and ends.
 *
 * @returns false when the run ended before
 * @throws the signal's reason
 */
export async function causeDeadlock(
  postgres: KillablePostgres,
  runId: string,
  follower: Pick<EventFollower, "isOver">,
  signal: AbortSignal,
): Promise<boolean> {
  const rival = await postgres.connect();
  try {
    // Longer than PostgreSQL lets others wait before they look for a deadlock.
    await rival.query("set deadlock_timeout = '5s'");
    while (!follower.isOver) {
      await rival.query("begin");
      await rival.query("lock table metric_point in share mode");
      while (!follower.isOver && !(await isWaitedFor(rival))) {
        await delay(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
      if (follower.isOver) break;
      const hasEnded = (await isHeld(rival, runId)) && (await outlastsDeadlock(rival, runId));
      await rival.query("rollback");
      if (hasEnded) return true;
    }
    return false;
  } finally {
    await rival.end();
  }
}

type Rival = Awaited<ReturnType<KillablePostgres["connect"]>>;

async function isWaitedFor(rival: Rival): Promise<boolean> {
  const { rowCount } = await rival.query(
    "select from pg_locks where relation = 'metric_point'::regclass and not granted",
  );
  return rowCount !== 0;
}

/** Asks for the run. @returns false when it was the rival that PostgreSQL rolled back */
async function outlastsDeadlock(rival: Rival, runId: string): Promise<boolean> {
  try {
    await rival.query("select from run where id = $1 for update", [runId]);
    return true;
  } catch (error) {
    if (hasCode(error, DEADLOCK_DETECTED)) return false;
    throw error;
  }
}

/** Whether another transaction has locked the run. */
async function isHeld(rival: Rival, runId: string): Promise<boolean> {
  await rival.query("savepoint looking");
  try {
    await rival.query("select from run where id = $1 for update nowait", [runId]);
    return false;
  } catch (error) {
    if (hasCode(error, LOCK_NOT_AVAILABLE)) return true;
    throw error;
  } finally {
    await rival.query("rollback to savepoint looking");
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
