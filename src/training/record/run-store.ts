import type { Page } from "../../core/page.js";
import type { CheckpointRecord, EpochRecord } from "../../core/run-events.js";
import { anyOf } from "../../db/any-of.js";
import type { Database } from "../../db/database.js";
import { type OrderedRunRow, runCursorOf, runListQueries } from "./list-query.js";
import type { MetricSummaryRecord, RunListRequest, RunRecord } from "./run-records.js";
import { RUN_FIELDS, runRecordOf } from "./run-row.js";

const EPOCH = [
  "number",
  "trainLoss",
  "validationLoss",
  "trainTop1",
  "trainTop5",
  "validationTop1",
  "validationTop5",
  "learningRate",
  "imagesPerSecond",
  "seconds",
] as const satisfies readonly (keyof EpochRecord)[];

/** What is read of runs. Lookups of many ids answer in no given order and leave out unknown ones. */
export class RunStore {
  constructor(private readonly database: Database) {}

  async find(ids: readonly string[]): Promise<readonly RunRecord[]> {
    const rows = await this.database.kysely
      .selectFrom("run")
      .select(RUN_FIELDS)
      .where("id", "=", anyOf(ids))
      .execute();
    return rows.map(runRecordOf);
  }

  /** @throws AppError `CURSOR_INVALID`, `ORDER_INVALID`, `FILTER_INVALID` */
  async list(request: RunListRequest): Promise<Page<RunRecord>> {
    const { first } = request.page;
    const rows: OrderedRunRow[] = [];
    for (const { sql, values, beginning } of runListQueries(request)) {
      const found = await this.database.pool.query<OrderedRunRow>(sql, [...values]);
      if (beginning && found.rows.length <= first) continue;
      rows.push(...found.rows);
      if (rows.length > first) break;
    }
    return {
      items: rows.slice(0, first).map((row) => {
        const { orderValue, ...run } = row;
        return { cursor: runCursorOf(row), node: runRecordOf(run) };
      }),
      hasNextPage: rows.length > first,
    };
  }

  /** @param page `after` is the number of an epoch; null starts at the first */
  async epochs(
    runId: string,
    page: { readonly first: number; readonly after: number | null },
  ): Promise<readonly EpochRecord[]> {
    return this.database.kysely
      .selectFrom("epoch")
      .select(EPOCH)
      .where("runId", "=", runId)
      .where("number", ">", page.after ?? 0)
      .orderBy("number")
      .limit(page.first)
      .execute();
  }

  /** All epochs of each run, in their order; a run without epochs is left out. */
  async epochsOf(runIds: readonly string[]): Promise<ReadonlyMap<string, readonly EpochRecord[]>> {
    const rows = await this.database.kysely
      .selectFrom("epoch")
      .select(["runId", ...EPOCH])
      .where("runId", "=", anyOf(runIds))
      .orderBy("runId")
      .orderBy("number")
      .execute();
    return groupByRun<EpochRecord>(rows);
  }

  /** The checkpoints kept of each run, oldest first; a run without one is left out. */
  async checkpoints(runIds: readonly string[]): Promise<ReadonlyMap<string, readonly CheckpointRecord[]>> {
    const rows = await this.database.prisma.checkpoint.findMany({
      where: { runId: { in: [...runIds] } },
      select: {
        runId: true,
        epoch: true,
        step: true,
        best: true,
        sizeBytes: true,
        sha256: true,
        createdAt: true,
      },
      orderBy: [{ runId: "asc" }, { step: "asc" }],
    });
    return groupByRun<CheckpointRecord>(rows.map((row) => ({ ...row, sizeBytes: Number(row.sizeBytes) })));
  }

  /** Ordered by run, then key. */
  async summaries(runIds: readonly string[]): Promise<readonly MetricSummaryRecord[]> {
    return this.database.kysely
      .selectFrom("metricSeries")
      .select(["runId", "key", "lastValue", "bestValue", "bestEpoch"])
      .where("runId", "=", anyOf(runIds))
      .orderBy("runId")
      .orderBy("key")
      .execute();
  }

  /** 1 for the run that goes next; a run that is not queued is left out. */
  async queuePosition(runIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const rows = await this.database.kysely
      .selectFrom(({ selectFrom }) =>
        selectFrom("run")
          .select(({ fn }) => [
            "id",
            fn
              .agg<number>("row_number")
              .over((over) => over.orderBy("priority", "desc").orderBy("queueOrder"))
              .as("position"),
          ])
          .where("state", "=", "QUEUED")
          .as("queue"),
      )
      .select(["id", "position"])
      .where("id", "=", anyOf(runIds))
      .execute();
    return new Map(rows.map(({ id, position }) => [id, position]));
  }
}

interface OfRun {
  readonly runId: string;
}

function groupByRun<T>(rows: readonly (T & OfRun)[]): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(row.runId);
    if (group === undefined) groups.set(row.runId, [row]);
    else group.push(row);
  }
  return groups;
}
