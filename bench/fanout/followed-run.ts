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

/** A run whose events are written by this process, through the database, as a worker on another machine does. */
export class FollowedRun {
  readonly #events: RunEventStore;

  private constructor(
    private readonly database: Database,
    readonly id: string,
  ) {
    this.#events = new RunEventStore(database);
  }

  /** It is PAUSED, which every trainer leaves alone, and has its first event. */
  static async insert(database: Database): Promise<FollowedRun> {
    const [datasetId, versionId] = [newId("dataset"), newId("datasetVersion")];
    const [experimentId, runId] = [newId("experiment"), newId("run")];
    const run = new FollowedRun(database, runId);
    await database.transaction(async (client) => {
      await client.query(`insert into dataset (id, name) values ($1, 'fanout')`, [datasetId]);
      await client.query(
        `insert into dataset_version (id, dataset_id, number, status, class_names, split_seed, validation_fraction,
           test_fraction, source)
         values ($1, $2, 1, 'READY', '{daisy,rose}', 0, 0.15, 0.15, '{}')`,
        [versionId, datasetId],
      );
      await client.query(`insert into experiment (id, name) values ($1, 'fanout')`, [experimentId]);
      await client.query(
        `insert into run (id, name, experiment_id, dataset_version_id, state, configuration, parameter_count)
         values ($1, 'followed', $2, $3, 'PAUSED', '{}', 0)`,
        [runId, experimentId, versionId],
      );
      const launched = {
        kind: "RunStateChanged",
        from: null,
        to: "PAUSED",
        reason: null,
        detail: null,
      } as const;
      await run.#events.append(client, runId, launched, new Date());
    });
    return run;
  }

  /**
   * Writes events at their times, each in a transaction of its own, with the time just before it in the message:
   * what is measured from there includes the commit.
   */
  async write({ eventsPerSecond, seconds }: Schedule, signal: AbortSignal): Promise<Written> {
    const events = Math.max(1, Math.round(eventsPerSecond * seconds));
    const start = performance.now();
    let lastSequence = 0;
    for (let event = 0; event < events; event++) {
      const untilDueMs = start + (event * 1000) / eventsPerSecond - performance.now();
      if (untilDueMs > 0) await delay(untilDueMs, undefined, { signal });
      signal.throwIfAborted();
      lastSequence = await this.database.transaction((client) => {
        const now = Date.now();
        const warning = { kind: "RunWarning", code: "FANOUT", message: String(now) } as const;
        return this.#events.append(client, this.id, warning, new Date(now));
      });
    }
    return { events, lastSequence, seconds: (performance.now() - start) / 1000 };
  }
}
