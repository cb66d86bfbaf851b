import { type SqlBool, sql } from "kysely";
import { type KeyRange, readPage } from "../../core/keyset.js";
import { mapPage, type Page } from "../../core/page.js";
import type { CheckpointRecord, EpochRecord } from "../../core/runs/events.js";
import { anyOf } from "../../db/any-of.js";
import type { Database } from "../../db/database.js";
import { prepared } from "../../db/prepared.js";
import { resultColumns } from "../../db/result-columns.js";
import { unnest } from "../../db/unnest.js";
import { EPOCH_FIELDS, epochRecordOf } from "./epoch-row.js";
import { checkMetricKeys, checkSettingPaths } from "./known-names.js";
import { type OrderedRunRow, type RunKey, runKeyset, runListQueries } from "./list-query.js";
import type { MetricSummaryRecord, RunListRequest, RunRecord } from "./run-records.js";
import { RUN_FIELDS, runRecordOf } from "./run-row.js";

/** A part of the epochs of a run. */
export interface EpochsPage {
  /** Null reads all remaining epochs. */
  readonly first: number | null;
  /** Number of the epoch before the first one that is read; null begins with epoch 1. */
  readonly after: number | null;
}

const findRuns = prepared((db, { ids }: { ids: readonly string[] }) =>
  db.selectFrom("run").select(resultColumns("run", RUN_FIELDS)).where("id", "=", anyOf(ids)),
);

const findEpochs = prepared((db, { runIds, after }: { runIds: readonly string[]; after: number }) =>
  db
    .selectFrom("epoch")
    .select(resultColumns("epoch", ["runId", ...EPOCH_FIELDS]))
    .where("runId", "=", anyOf(runIds))
    .where("number", ">", after)
    .orderBy("runId")
    .orderBy("number"),
);

const findSummaries = prepared((db, { runIds }: { runIds: readonly string[] }) =>
  db
    .selectFrom("metricSeries")
    .select(resultColumns("metricSeries", ["runId", "key", "lastValue", "bestValue", "bestEpoch"]))
    .where("runId", "=", anyOf(runIds))
    .orderBy("runId")
    .orderBy("key"),
);

/** Number of the newest runs, and of the oldest, among which a setting of another version is looked for. */
const SEARCHED_RUNS = 500;

const ALL_EPOCHS: EpochsPage = { first: null, after: null };

/** Reads runs. Lookups of many ids answer in no given order and leave out unknown ones. */
export class RunStore {
  constructor(private readonly database: Database) {}

  async find(ids: readonly string[]): Promise<readonly RunRecord[]> {
    const rows = await findRuns(this.database.kysely, { ids });
    return rows.map(runRecordOf);
  }

  /** @throws AppError `CURSOR_INVALID`, `ORDER_INVALID`, `FILTER_INVALID`, `METRIC_UNKNOWN` */
  async list({ page, ...list }: RunListRequest): Promise<Page<RunRecord>> {
    await checkMetricKeys(list, (key) => this.#hasMetric(key));
    const rows = await readPage(page, runKeyset(list.order), async (range) => {
      const found = await this.#readRange(list, range);
      const isWhole = range.after === null && range.before === null;
      if (isWhole && found.length === 0)
        await checkSettingPaths(list.filter ?? {}, (path) => this.#hasSetting(path));
      return found;
    });
    return mapPage(rows, ({ value: _, ...run }) => runRecordOf(run));
  }

  async #hasMetric(key: string): Promise<boolean> {
    const found = await this.database.kysely
      .selectFrom("metricSeries")
      .select("key")
      .where("key", "=", key)
      .limit(1)
      .execute();
    return found.length > 0;
  }

  /** Looks for a value among the newest and the oldest runs, since no index has all paths. */
  async #hasSetting(path: string): Promise<boolean> {
    for (const direction of ["desc", "asc"] as const) {
      const found = await this.database.kysely
        .selectFrom(({ selectFrom }) =>
          selectFrom("run")
            .select("configuration")
            .orderBy("createdAt", direction)
            .orderBy("id", direction)
            .limit(SEARCHED_RUNS)
            .as("searched"),
        )
        .select(({ lit }) => lit(true).as("found"))
        .where(
          ({ ref }) =>
            sql<SqlBool>`jsonb_typeof(${ref("searched.configuration")} #> ${path.split(".")}::text[]) <> 'object'`,
        )
        .limit(1)
        .execute();
      if (found.length > 0) return true;
    }
    return false;
  }

  async #readRange(
    list: Pick<RunListRequest, "filter" | "order">,
    range: KeyRange<RunKey>,
  ): Promise<readonly OrderedRunRow[]> {
    const rows: OrderedRunRow[] = [];
    for (const { read, beginning } of runListQueries(list, range)) {
      const found = await read(this.database.kysely);
      if (beginning && found.length < range.limit) continue;
      rows.push(...found);
      if (rows.length >= range.limit) break;
    }
    return rows.slice(0, range.limit);
  }

  /** The epochs of each run in their order, all of them or a page of each; a run without epochs is left out. */
  async epochsOf(
    runIds: readonly string[],
    { first, after }: EpochsPage = ALL_EPOCHS,
  ): Promise<ReadonlyMap<string, readonly EpochRecord[]>> {
    const { kysely } = this.database;
    if (first === null) {
      return groupByRun(await findEpochs(kysely, { runIds, after: after ?? 0 }), epochRecordOf);
    }
    const rows = await kysely
      .selectFrom(unnest("run", { id: ["text", runIds] }))
      .innerJoinLateral(
        ({ selectFrom }) =>
          selectFrom("epoch")
            .select(["runId", ...EPOCH_FIELDS])
            .whereRef("runId", "=", "run.id")
            .where("number", ">", after ?? 0)
            .orderBy("number")
            .limit(first)
            .as("e"),
        (join) => join.onTrue(),
      )
      .select(resultColumns("e", ["runId", ...EPOCH_FIELDS]))
      .orderBy("run.id")
      .orderBy("number")
      .execute();
    return groupByRun(rows, epochRecordOf);
  }

  /** The epoch of each run's best checkpoint; a run without one is left out. */
  async bestEpochs(runIds: readonly string[]): Promise<ReadonlyMap<string, EpochRecord>> {
    const rows = await this.database.kysely
      .selectFrom("checkpoint as c")
      .innerJoin("epoch as e", (join) =>
        join.onRef("e.runId", "=", "c.runId").onRef("e.number", "=", "c.epoch"),
      )
      .select(resultColumns("e", ["runId", ...EPOCH_FIELDS]))
      .where("c.runId", "=", anyOf(runIds))
      .where("c.best", "=", true)
      .execute();
    return new Map(rows.map((row) => [row.runId, epochRecordOf(row)]));
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
    return groupByRun(rows, ({ runId: _, ...row }) => ({ ...row, sizeBytes: Number(row.sizeBytes) }));
  }

  /** Ordered by run, then key. */
  summaries(runIds: readonly string[]): Promise<readonly MetricSummaryRecord[]> {
    return findSummaries(this.database.kysely, { runIds });
  }

  /** 1 for the run that starts next. Runs that are not queued are left out. */
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

function groupByRun<Row extends OfRun, Record>(
  rows: readonly Row[],
  recordOf: (row: Row) => Record,
): ReadonlyMap<string, readonly Record[]> {
  const groups = new Map<string, Record[]>();
  for (const row of rows) {
    const group = groups.get(row.runId);
    if (group === undefined) groups.set(row.runId, [recordOf(row)]);
    else group.push(recordOf(row));
  }
  return groups;
}
