import { setTimeout as delay } from "node:timers/promises";
import { newId } from "../../src/core/ids.js";
import type { Database } from "../../src/db/database.js";
import { RunEventStore } from "../../src/training/events/event-store.js";

export interface Schedule {
  readonly eventsPerSecond: number;
  readonly seconds: number;
}

export interface Written {
  readonly events: number;
  readonly lastSequence: number;
  readonly seconds: number;
}

/** A run whose events this process writes into the database, as a worker on another machine does. */
export class FollowedRun {
  readonly #events: RunEventStore;

  private constructor(
    private readonly database: Database,
    readonly id: string,
  ) {
    this.#events = new RunEventStore(database);
  }

  /** Inserts a run with its first event. It is PAUSED, so no trainer starts it. */
  static async insert(database: Database): Promise<FollowedRun> {
    const [datasetId, versionId] = [newId("dataset"), newId("datasetVersion")];
    const [experimentId, runId] = [newId("experiment"), newId("run")];
    const run = new FollowedRun(database, runId);
    await database.transaction(async (transaction) => {
      const { prisma } = transaction;
      await prisma.dataset.create({ data: { id: datasetId, name: "fanout" } });
      await prisma.datasetVersion.create({
        data: {
          id: versionId,
          datasetId,
          number: 1,
          status: "READY",
          classNames: ["daisy", "rose"],
          splitSeed: 0,
          validationFraction: 0.15,
          testFraction: 0.15,
          source: {},
        },
      });
      await prisma.experiment.create({ data: { id: experimentId, name: "fanout" } });
      await prisma.run.create({
        data: {
          id: runId,
          name: "followed",
          experimentId,
          datasetVersionId: versionId,
          state: "PAUSED",
          configuration: {},
          parameterCount: 0,
        },
      });
      const launched = {
        kind: "RunStateChanged",
        from: null,
        to: "PAUSED",
        reason: null,
        detail: null,
      } as const;
      await run.#events.append(transaction, runId, launched, new Date());
    });
    return run;
  }

  /**
   * Writes events at the scheduled times, each in its own transaction. The message is the time before the transaction,
   * so that latencies include the commit.
   */
  async write({ eventsPerSecond, seconds }: Schedule, signal: AbortSignal): Promise<Written> {
    const events = Math.max(1, Math.round(eventsPerSecond * seconds));
    const start = performance.now();
    let lastSequence = 0;
    for (let event = 0; event < events; event++) {
      const untilDueMs = start + (event * 1000) / eventsPerSecond - performance.now();
      if (untilDueMs > 0) await delay(untilDueMs, undefined, { signal });
      signal.throwIfAborted();
      lastSequence = await this.database.transaction((transaction) => {
        const now = Date.now();
        const warning = { kind: "RunWarning", code: "FANOUT", message: String(now) } as const;
        return this.#events.append(transaction, this.id, warning, new Date(now));
      });
    }
    return { events, lastSequence, seconds: (performance.now() - start) / 1000 };
  }
}
