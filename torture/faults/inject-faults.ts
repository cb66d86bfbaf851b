import { ClientError } from "../../src/client/client-error.js";
import type { RunEvent } from "../operations.js";
import { EventFollower } from "../world/event-follower.js";
import type { TortureWorld } from "../world/torture-world.js";
import { causeDeadlock } from "./cause-deadlock.js";
import { FAULT_KINDS, type Fault, type FaultKind, MOMENTS } from "./fault-plan.js";
import { type Pace, waitForMoment } from "./wait-for-moment.js";

/** A small run that makes no progress for this long hangs. */
const STALLED_MS = 120_000;
const POLL_MS = 1_000;
/** Maximum time until PostgreSQL accepts writes again. */
const DOWN_MS = 3_000;
/**
 * Maximum number of kills in a row without a new checkpoint between them. After a few of those the server marks the run
 * FAILED, since the cause would kill it again.
 */
const MAX_FRUITLESS_KILLS = 2;

export interface FaultInjection {
  readonly runId: string;
  readonly faults: readonly Fault[];
  readonly pace: Pace;
  report(line: string): void;
  readonly signal: AbortSignal;
}

export interface InjectedFaults {
  readonly injected: Readonly<Record<FaultKind, number>>;
  /** Events of a subscriber that every kill disconnected. */
  readonly followed: readonly RunEvent[];
}

/**
 * Injects faults into a run that was just launched, and follows it to its end. Faults after the end of the run are left
 * out.
 *
 * @throws ClientError `RUN_STALLED` when the run makes no progress, `SERVER_ENDED` when the server ends by itself; the
 *   signal's reason
 */
export async function injectFaults(world: TortureWorld, job: FaultInjection): Promise<InjectedFaults> {
  using run = new FaultyRun(world, job);
  for (const fault of job.faults) {
    if (!(await run.inject(fault))) break;
  }
  await run.finish();
  return { injected: run.injected, followed: run.follower.seen };
}

class FaultyRun implements Disposable {
  readonly follower: EventFollower;
  readonly injected: Record<FaultKind, number> = { SERVER: 0, POSTGRES: 0, FAILOVER: 0, DEADLOCK: 0 };
  readonly #ended: AbortSignal;
  #isFollowed = false;
  /** Number of the follower's events at the last kill. */
  #sinceKill = 0;
  #fruitlessKills = 0;

  constructor(
    private readonly world: TortureWorld,
    private readonly job: FaultInjection,
  ) {
    this.follower = new EventFollower(job.runId);
    this.#ended = AbortSignal.any([job.signal, world.server.failed]);
  }

  /** Waits for the moment of a fault and injects it. @returns false when the run ended before */
  async inject(fault: Fault): Promise<boolean> {
    const { world, follower } = this;
    const { runId, pace, report } = this.job;
    // A server that is killed while it starts cannot be followed before.
    if (fault.moment !== "STARTING") await this.#follow();
    const mustSave = this.#fruitlessKills >= MAX_FRUITLESS_KILLS;
    const target = { world, runId, follower, pace, sinceKill: this.#sinceKill, mustSave };
    await using _held = await this.#whileProgressing(`the moment "${MOMENTS[fault.moment]}"`, (signal) =>
      waitForMoment(fault, target, signal),
    );
    if (follower.isOver) return false;
    const { epochsDone } = follower;
    if (!(await this.#carryOut(fault))) return !follower.isOver;
    report(`${FAULT_KINDS[fault.kind]} ${MOMENTS[fault.moment]}, after ${epochsDone} epochs`);
    this.injected[fault.kind] += 1;
    return true;
  }

  /** @returns false when the run ended before */
  async #carryOut(fault: Fault): Promise<boolean> {
    const { postgres } = this.world;
    const downMs = fault.fraction * DOWN_MS;
    switch (fault.kind) {
      case "SERVER":
        await this.#killServer();
        return true;
      case "POSTGRES":
        await postgres.crash(fault.orderly ? "SIGQUIT" : "SIGKILL", downMs, this.#ended);
        return true;
      case "FAILOVER":
        await postgres.failOver(downMs, this.#ended);
        return true;
      case "DEADLOCK":
        return this.#whileProgressing("a deadlock", (signal) =>
          causeDeadlock(postgres, this.job.runId, this.follower, signal),
        );
    }
  }

  /** Resolves when the run has ended. */
  async finish(): Promise<void> {
    const { follower } = this;
    await this.#follow();
    await this.#whileProgressing("the end of the run", (signal) =>
      follower.until(() => follower.isOver, signal),
    );
  }

  async #killServer(): Promise<void> {
    const { world, follower } = this;
    await world.server.kill();
    follower.detach();
    this.#isFollowed = false;
    this.#fruitlessKills = follower.hasSaved(this.#sinceKill) ? 0 : this.#fruitlessKills + 1;
    this.#sinceKill = follower.seen.length;
    world.server.start();
  }

  async #follow(): Promise<void> {
    if (this.#isFollowed) return;
    this.follower.attach(await this.#whileProgressing("the server to listen", () => this.world.server.api));
    this.#isFollowed = true;
  }

  /** Waits for `work` as long as the run makes progress. @throws ClientError `RUN_STALLED`; why the torture ends */
  async #whileProgressing<T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const stalled = new AbortController();
    const startedMs = performance.now();
    const poll = setInterval(() => {
      const lastMs = Math.max(startedMs, this.follower.lastEventMs);
      if (performance.now() - lastMs > STALLED_MS) stalled.abort();
    }, POLL_MS);
    const ended = AbortSignal.any([this.#ended, stalled.signal]);
    const stopped = new Promise<never>((_, reject) => {
      ended.addEventListener("abort", () => reject(ended.reason));
    });
    try {
      ended.throwIfAborted();
      return await Promise.race([work(ended), stopped]);
    } catch (error) {
      if (!stalled.signal.aborted || this.#ended.aborted) throw error;
      const waited = `Waited for ${what}, but there was no event for ${STALLED_MS / 1000} s.`;
      throw new ClientError("RUN_STALLED", `${waited} The run is ${this.job.runId}.`);
    } finally {
      clearInterval(poll);
    }
  }

  [Symbol.dispose](): void {
    this.follower[Symbol.dispose]();
  }
}
