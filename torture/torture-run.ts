import { ClientError } from "../src/client/client-error.js";
import type { RunEvent } from "./operations.js";
import { aim, type Pace } from "./strikes/aim.js";
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
  /** Of the server. */
  readonly kills: number;
  readonly postgresRestarts: number;
  /** What a subscriber saw that was cut off by every kill. */
  readonly followed: readonly RunEvent[];
}

/**
 * Follows a run that was just launched to its end, and strikes it on the way; what the run is too short for is
 * left out.
 *
 * @throws ClientError `RUN_STALLED` when it tells nothing any more, `SERVER_ENDED` when the server ends by itself; the
 *   signal's reason
 */
export async function tortureRun(world: TortureWorld, job: TortureJob): Promise<Tortured> {
  using run = new StruckRun(world, job);
  for (const strike of job.strikes) {
    if (!(await run.strike(strike))) break;
  }
  await run.finish();
  const { SERVER: kills, POSTGRES: postgresRestarts } = run.blows;
  return { kills, postgresRestarts, followed: run.follower.seen };
}

class StruckRun implements Disposable {
  readonly follower: EventFollower;
  readonly blows = { SERVER: 0, POSTGRES: 0 };
  readonly #ended: AbortSignal;
  #isFollowed = false;
  /** Where among the follower's events those begin that came after the last kill. */
  #sinceKill = 0;
  #fruitlessKills = 0;

  constructor(
    private readonly world: TortureWorld,
    private readonly job: TortureJob,
  ) {
    this.follower = new EventFollower(job.runId);
    this.#ended = AbortSignal.any([job.signal, world.server.failed]);
  }

  /** @returns false when the run ended before */
  async strike(strike: Strike): Promise<boolean> {
    const { world, follower } = this;
    const { runId, pace, report } = this.job;
    // A server that is killed while it starts has nobody to talk to.
    if (strike.moment !== "STARTING") await this.#follow();
    const mustSave = this.#fruitlessKills >= MOST_FRUITLESS;
    const target = { world, runId, follower, pace, sinceKill: this.#sinceKill, mustSave };
    await using _aimed = await this.#patiently(MOMENTS[strike.moment], (signal) =>
      aim(strike, target, signal),
    );
    if (follower.isOver) return false;
    report(
      `${TARGETS[strike.target]} killed ${MOMENTS[strike.moment]}, with ${follower.epochsDone} epochs done`,
    );
    this.blows[strike.target] += 1;
    if (strike.target === "SERVER") await this.#killServer();
    else await this.#killPostgres(strike);
    return true;
  }

  /** Resolves when the run has ended. */
  async finish(): Promise<void> {
    const { follower } = this;
    await this.#follow();
    await this.#patiently("the end of the run", (signal) => follower.until(() => follower.isOver, signal));
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

  async #killPostgres({ orderly, fraction }: Strike): Promise<void> {
    await this.world.postgres.crash(orderly ? "SIGQUIT" : "SIGKILL", fraction * DOWN_MS, this.#ended);
  }

  async #follow(): Promise<void> {
    if (this.#isFollowed) return;
    this.follower.attach(await this.#patiently("a server that listens", () => this.world.server.api));
    this.#isFollowed = true;
  }

  /** @throws ClientError `RUN_STALLED` when it takes too long; what ended the torture */
  async #patiently<T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const patience = AbortSignal.timeout(STALLED_MS);
    const ended = AbortSignal.any([this.#ended, patience]);
    const stopped = new Promise<never>((_, reject) => {
      ended.addEventListener("abort", () => reject(ended.reason));
    });
    try {
      ended.throwIfAborted();
      return await Promise.race([work(ended), stopped]);
    } catch (error) {
      if (!patience.aborted || this.#ended.aborted) throw error;
      const waited = `Waited ${STALLED_MS / 1000} s for this, and it did not come: ${what}.`;
      throw new ClientError("RUN_STALLED", `${waited} The run is ${this.job.runId}.`);
    }
  }

  [Symbol.dispose](): void {
    this.follower[Symbol.dispose]();
  }
}
