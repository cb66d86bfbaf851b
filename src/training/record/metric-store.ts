import { sql } from "kysely";
import { AppError } from "../../core/app-error.js";
import { type KeyRange, keysetOf, readPage } from "../../core/keyset.js";
import { lowerIsBetter, type MetricValueAt } from "../../core/metrics/epoch-metrics.js";
import type { Page, PageRequest } from "../../core/page.js";
import { accepts, describeAccepted } from "../../core/settings/check.js";
import { HISTORY_POINTS } from "../../core/settings/run-limits.js";
import { anyOf } from "../../db/any-of.js";
import type { ColumnsOf } from "../../db/connection.js";
import type { Database } from "../../db/database.js";
import { inKeyRange } from "../../db/key-range.js";
import { prepared } from "../../db/prepared.js";
import type { Transaction } from "../../db/transaction.js";
import { unnest } from "../../db/unnest.js";
import { isFiniteNumber, seriesId, thinnedPoints } from "./metric-history-query.js";
import type { MetricHistoryRecord, MetricPointRecord } from "./run-records.js";

const POINT_KEYSET = keysetOf(["integer"], ({ step }: MetricPointRecord) => [step]);

/** Metric points, one for each (run, key, step), and the last and best value of each series of them. */
export class MetricStore {
  constructor(private readonly database: Database) {}

  /**
   * Returns the values of a metric by step. More than `maxPoints` are thinned: the steps from the first to the last are
   * divided into equal intervals, and the lowest, the highest and the first non-finite value of each interval are kept,
   * with the first and last value of all, so that no peak, dip or divergence is lost. Of equal values the first is
   * kept. The same points always give the same history.
   *
   * @throws AppError `MAX_POINTS_INVALID`
   */
  async history(runId: string, key: string, maxPoints: number): Promise<MetricHistoryRecord> {
    if (!accepts(HISTORY_POINTS, maxPoints)) {
      throw new AppError(
        "MAX_POINTS_INVALID",
        `maxPoints must be ${describeAccepted(HISTORY_POINTS)}. Received ${maxPoints}.`,
        { path: ["maxPoints"] },
      );
    }
    const points = await this.#pointsIn(runId, key, {
      after: null,
      before: null,
      backward: false,
      limit: maxPoints + 1,
    });
    if (points.length <= maxPoints) return { points, totalPoints: points.length, thinned: false };
    const thinned = await thinnedPoints(
      this.database.kysely,
      runId,
      key,
      Math.floor((maxPoints - 2) / 3),
    ).execute();
    const totalPoints = thinned[0]?.total ?? 0;
    return {
      points: thinned.map(({ step, value, at }) => ({ step, value, at })),
      totalPoints,
      thinned: thinned.length < totalPoints,
    };
  }

  /**
   * Every value of a metric by step, a page at a time.
   *
   * @throws AppError `CURSOR_INVALID`
   */
  points(runId: string, key: string, page: PageRequest): Promise<Page<MetricPointRecord>> {
    return readPage(page, POINT_KEYSET, (range) => this.#pointsIn(runId, key, range));
  }

  /**
   * Adds points and brings last and best values up to date, as a part of the caller's transaction, which
   * must have locked the run's row. A recorded point keeps its value, so that a batch may be
   * repeated.
   *
   * @param epoch in which all of the steps lie
   * @param values in any order
   */
  async record(
    transaction: Transaction,
    runId: string,
    epoch: number,
    values: readonly MetricValueAt[],
    at: Date,
  ): Promise<void> {
    if (values.length === 0) return;
    const series = await provideSeries(transaction, runId, values);
    const points = values.map(({ key, step, value }) => ({ seriesId: series.get(key) ?? 0, step, value }));
    const lowerBetter = Array.from(series)
      .filter(([key]) => lowerIsBetter(key))
      .map(([, id]) => id);
    await addPoints(transaction.kysely, {
      seriesIds: points.map(({ seriesId }) => seriesId),
      steps: points.map(({ step }) => step),
      values: points.map(({ value }) => value),
      at,
      epoch,
      lowerBetter,
      changed: [...series.values()],
    });
  }

  /**
   * Deletes the points after a step, as a part of the caller's transaction, and computes the last and best values of
   * the remaining points. A series without points is deleted.
   *
   * @param stepsPerEpoch the same for every epoch of the run; it tells a point's epoch
   */
  async dropAfter(
    { kysely }: Transaction,
    runId: string,
    step: number,
    stepsPerEpoch: number,
  ): Promise<void> {
    const series = await kysely
      .selectFrom("metricSeries")
      .select(["id", "key"])
      .where("runId", "=", runId)
      .where("lastStep", ">", step)
      .execute();
    const ids = series.map(({ id }) => id);
    await kysely
      .deleteFrom("metricPoint")
      .where("seriesId", "=", anyOf(ids))
      .where("step", ">", step)
      .execute();
    await kysely
      .deleteFrom("metricSeries as s")
      .where("s.id", "=", anyOf(ids))
      .where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom("metricPoint as p").whereRef("p.seriesId", "=", "s.id"))),
      )
      .execute();
    const lower = series.map(({ key }) => lowerIsBetter(key));
    await kysely
      .updateTable("metricSeries as s")
      .from(({ selectFrom }) =>
        selectFrom(unnest("k", { id: ["int4", ids], lower: ["bool", lower] }))
          .innerJoinLateral(
            ({ selectFrom }) =>
              selectFrom("metricPoint")
                .select(["step", "value"])
                .whereRef("seriesId", "=", "k.id")
                .orderBy("step", "desc")
                .limit(1)
                .as("last"),
            (join) => join.onTrue(),
          )
          .leftJoinLateral(
            ({ selectFrom, ref }) =>
              selectFrom("metricPoint")
                .select(["step", "value"])
                .whereRef("seriesId", "=", "k.id")
                .where(isFiniteNumber(ref("value")))
                .orderBy(({ eb, ref, neg }) =>
                  eb
                    .case()
                    .when("k.lower", "=", true)
                    .then(ref("value"))
                    .else(neg(ref("value")))
                    .end(),
                )
                .orderBy("step")
                .limit(1)
                .as("best"),
            (join) => join.onTrue(),
          )
          .select(({ ref }) => [
            "k.id as seriesId",
            "last.step as lastStep",
            "last.value as lastValue",
            "best.value as bestValue",
            sql<number | null>`ceil(${ref("best.step")}::float8 / ${stepsPerEpoch})::int4`.as("bestEpoch"),
          ])
          .as("found"),
      )
      .set("lastStep", ({ ref }) => ref("found.lastStep"))
      .set("lastValue", ({ ref }) => ref("found.lastValue"))
      .set("bestValue", ({ ref }) => ref("found.bestValue"))
      .set("bestEpoch", ({ ref }) => ref("found.bestEpoch"))
      .whereRef("s.id", "=", "found.seriesId")
      .execute();
  }

  #pointsIn(
    runId: string,
    key: string,
    range: KeyRange<readonly [number]>,
  ): Promise<readonly MetricPointRecord[]> {
    const { kysely } = this.database;
    return inKeyRange(
      kysely
        .selectFrom("metricPoint")
        .select(["step", "value", "at"])
        .where("seriesId", "=", seriesId(kysely, runId, key)),
      { columns: ["step"], direction: "asc" },
      range,
    ).execute();
  }
}

const findSeries = prepared((db, { runId, keys }: { runId: string; keys: readonly string[] }) =>
  db
    .selectFrom("metricSeries")
    .select(["key", "id"])
    .where("runId", "=", runId)
    .where("key", "=", anyOf(keys)),
);

interface AddedPoints {
  /** Series, step and value of each point. */
  readonly seriesIds: readonly number[];
  readonly steps: readonly number[];
  readonly values: readonly number[];
  readonly at: Date;
  readonly epoch: number;
  /** The series of which the lowest value is the best one. */
  readonly lowerBetter: readonly number[];
  /** All series of the points. */
  readonly changed: readonly number[];
}

const addPoints = prepared((db, added: AddedPoints) =>
  db
    .with("added", (db) =>
      db
        .insertInto("metricPoint")
        .columns(["seriesId", "step", "value", "at"])
        .expression(({ selectFrom, val }) =>
          selectFrom(
            unnest("v", {
              seriesId: ["int4", added.seriesIds],
              step: ["int4", added.steps],
              value: ["float8", added.values],
            }),
          )
            .selectAll("v")
            .select(val(added.at).as("at")),
        )
        .onConflict((conflict) => conflict.doNothing())
        .returning(["seriesId", "step", "value"]),
    )
    .with("change", (db) =>
      db
        .selectFrom("added")
        .select(({ eb, ref, fn }) => [
          "seriesId",
          fn.max("step").as("lastStep"),
          sql<number>`(array_agg(${ref("value")} order by ${ref("step")} desc))[1]`.as("lastValue"),
          eb("seriesId", "=", anyOf(added.lowerBetter)).as("lowerIsBetter"),
          eb
            .case()
            .when("seriesId", "=", anyOf(added.lowerBetter))
            .then(fn.min("value").filterWhere(isFiniteNumber(ref("value"))))
            .else(fn.max("value").filterWhere(isFiniteNumber(ref("value"))))
            .end()
            .as("bestValue"),
        ])
        .groupBy("seriesId"),
    )
    .updateTable("metricSeries as s")
    .from("change as c")
    // Only points that are new change the last and best values.
    .set(({ eb, ref, fn, and, or, val }) => {
      const isLater = eb("c.lastStep", ">=", ref("s.lastStep"));
      // Among equal values, the one of the earlier epoch stays.
      const isBetter = and([
        eb("c.bestValue", "is not", null),
        or([
          eb("s.bestValue", "is", null),
          eb
            .case()
            .when("c.lowerIsBetter", "=", true)
            .then(eb("c.bestValue", "<", ref("s.bestValue")))
            .else(eb("c.bestValue", ">", ref("s.bestValue")))
            .end(),
          and([eb("c.bestValue", "=", ref("s.bestValue")), eb(val(added.epoch), "<", ref("s.bestEpoch"))]),
        ]),
      ]);
      return {
        lastStep: fn<number>("greatest", ["s.lastStep", "c.lastStep"]),
        lastValue: eb.case().when(isLater).then(ref("c.lastValue")).else(ref("s.lastValue")).end(),
        bestValue: eb.case().when(isBetter).then(ref("c.bestValue")).else(ref("s.bestValue")).end(),
        bestEpoch: eb.case().when(isBetter).then(added.epoch).else(ref("s.bestEpoch")).end(),
      } satisfies ColumnsOf<"metricSeries">;
    })
    .whereRef("s.id", "=", "c.seriesId")
    // The list keeps the planner from reading all series.
    .where("s.id", "=", anyOf(added.changed)),
);

/** The number of each metric's series. A new series begins with the first of its values. */
async function provideSeries(
  { kysely }: Transaction,
  runId: string,
  values: readonly MetricValueAt[],
): Promise<ReadonlyMap<string, number>> {
  const firsts = new Map<string, MetricValueAt>();
  for (const value of values) if (!firsts.has(value.key)) firsts.set(value.key, value);
  const known = await findSeries(kysely, { runId, keys: [...firsts.keys()] });
  const series = new Map(known.map(({ key, id }) => [key, id]));
  const missing = [...firsts.values()].filter(({ key }) => !series.has(key));
  if (missing.length === 0) return series;
  const added = await kysely
    .insertInto("metricSeries")
    .values(missing.map(({ key, step, value }) => ({ runId, key, lastStep: step, lastValue: value })))
    .returning(["key", "id"])
    .execute();
  for (const { key, id } of added) series.set(key, id);
  return series;
}
