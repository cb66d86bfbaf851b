import { type Expression, type QueryCreator, type RawBuilder, type SqlBool, sql } from "kysely";
import type { Tables } from "../../db/generated/kysely/tables.js";

/** A subquery that gives the number of a metric's series. */
export function seriesId(db: QueryCreator<Tables>, runId: string, key: string) {
  return db.selectFrom("metricSeries").select("id").where("runId", "=", runId).where("key", "=", key);
}

export function isFiniteNumber(value: Expression<number | null>): RawBuilder<SqlBool> {
  return sql<SqlBool>`abs(${value}) < 'Infinity'`;
}

/**
 * The points of a metric that a thinned history keeps, with the number of all points.
 *
 * Each stretch is a range of the primary key, so nothing is sorted or grouped; limits keep the planner, which
 * cannot know how long a series is, from joining all of it.
 */
export function thinnedPoints(db: QueryCreator<Tables>, runId: string, key: string, stretches: number) {
  return db
    .with(
      (cte) => cte("series").materialized(),
      (db) =>
        db.selectFrom(seriesId(db, runId, key).as("s")).select(({ selectFrom, cast }) => [
          "s.id",
          cast<number>(
            selectFrom("metricPoint")
              .select(({ fn }) => fn.min("step").as("step"))
              .whereRef("seriesId", "=", "s.id"),
            "int8",
          ).as("first"),
          cast<number>(
            selectFrom("metricPoint")
              .select(({ fn }) => fn.max("step").as("step"))
              .whereRef("seriesId", "=", "s.id"),
            "int8",
          ).as("last"),
        ]),
    )
    .with(
      (cte) => cte("ranges").materialized(),
      (db) =>
        db
          .selectFrom([
            "series",
            sql<{ n: number }>`generate_series(0, ${stretches}::int8 - 1)`.as<"n">(sql`n`),
          ])
          .select(({ ref }) => {
            const begin = (n: Expression<number>): RawBuilder<number> =>
              sql`${ref("first")} + (${n} * (${ref("last")} + 1 - ${ref("first")}) + ${stretches}::int8 - 1) / ${stretches}::int8`;
            return ["id", begin(ref("n.n")).as("begins"), begin(sql`(${ref("n.n")} + 1)`).as("ends")];
          }),
    )
    .with(
      (cte) => cte("stretches").materialized(),
      (db) =>
        db
          .selectFrom("ranges as r")
          .crossJoinLateral(({ selectFrom }) =>
            selectFrom("metricPoint as p")
              .select(({ fn, ref, not }) => [
                fn.countAll<number>().as("points"),
                fn
                  .min("p.value")
                  .filterWhere(isFiniteNumber(ref("p.value")))
                  .as("lowest"),
                fn
                  .max("p.value")
                  .filterWhere(isFiniteNumber(ref("p.value")))
                  .as("highest"),
                fn
                  .min("p.step")
                  .filterWhere(not(isFiniteNumber(ref("p.value"))))
                  .as("oddStep"),
              ])
              .whereRef("p.seriesId", "=", "r.id")
              .whereRef("p.step", ">=", "r.begins")
              .whereRef("p.step", "<", "r.ends")
              .as("s"),
          )
          .select(["r.id", "r.begins", "r.ends", "s.points", "s.lowest", "s.highest", "s.oddStep"]),
    )
    .with("kept", (db) =>
      db
        .selectFrom("series")
        .select("first as step")
        .union(db.selectFrom("series").select("last as step"))
        .union(db.selectFrom("stretches").select("oddStep as step"))
        .union(
          db
            .selectFrom("stretches as r")
            .crossJoinLateral(({ ref }) =>
              sql<{ extremum: number }>`(values (${ref("r.lowest")}), (${ref("r.highest")}))`.as<"extreme">(
                sql`extreme(extremum)`,
              ),
            )
            .crossJoinLateral(({ selectFrom }) =>
              selectFrom("metricPoint as p")
                .select("p.step")
                .whereRef("p.seriesId", "=", "r.id")
                .whereRef("p.step", ">=", "r.begins")
                .whereRef("p.step", "<", "r.ends")
                .whereRef("p.value", "=", "extreme.extremum")
                .orderBy("p.step")
                .limit(1)
                .as("found"),
            )
            .select("found.step"),
        ),
    )
    .selectFrom("kept")
    .crossJoinLateral(({ selectFrom }) =>
      selectFrom("metricPoint")
        .select(["metricPoint.step", "value", "at"])
        .where("seriesId", "=", selectFrom("series").select("id"))
        .whereRef("metricPoint.step", "=", "kept.step")
        .limit(1)
        .as("p"),
    )
    .select(({ selectFrom, cast }) => [
      "p.step",
      "p.value",
      "p.at",
      cast<number>(
        selectFrom("stretches").select(({ fn }) => fn.sum("points").as("points")),
        "int4",
      ).as("total"),
    ])
    .orderBy("p.step");
}
