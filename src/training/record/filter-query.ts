import { type Expression, expressionBuilder, type SqlBool, sql } from "kysely";
import { AppError } from "../../core/app-error.js";
import { type RecordedPath, RUN_CONFIGURATION_PATHS } from "../../core/settings/recorded-paths.js";
import type { Condition as EffectCondition } from "../../core/settings/setting.js";
import { anyOf } from "../../db/any-of.js";
import type { Tables } from "../../db/generated/kysely/tables.js";
import type { ConfigurationFilter, MetricFilter, RunFilter } from "./run-records.js";

type Condition = Expression<SqlBool>;

/** Builds conditions on the table `run as r`. */
const run = expressionBuilder<Tables & { r: Tables["run"] }, "r">();

/**
 * Returns the conditions that a run in the table `run as r` must meet, all of them.
 *
 * @param places where configurations hold their settings
 * @throws AppError `FILTER_INVALID`
 */
export function runFilterConditions(
  filter: RunFilter,
  places: readonly RecordedPath[] = RUN_CONFIGURATION_PATHS,
): readonly Condition[] {
  return [
    ...when(filter.experiment, (name) => [
      run(
        "r.experimentId",
        "=",
        run.selectFrom("experiment").select("experiment.id").where("experiment.name", "=", name),
      ),
    ]),
    ...when(filter.dataset, (ref) => [datasetCondition(ref)]),
    ...when(filter.states, (states) => [run("r.state", "=", anyOf(states))]),
    // The planner can estimate how many names match a pattern; it cannot for `position`.
    ...when(filter.nameContains, (part) => [run("r.name", "ilike", `%${likePattern(part)}%`)]),
    ...when(filter.architectures, (names) => [
      run.or(names.map((name) => settingIs(["architecture"], name))),
    ]),
    ...when(filter.metric, (metrics) => metrics.map(metricCondition)),
    ...when(filter.configuration, (settings) =>
      settings.map((setting) => configurationCondition(setting, places)),
    ),
    ...when(filter.createdAfter, (time) => [run("r.createdAt", ">", time)]),
    ...when(filter.createdBefore, (time) => [run("r.createdAt", "<", time)]),
  ];
}

function when<T>(
  value: T | null | undefined,
  conditions: (value: T) => readonly Condition[],
): readonly Condition[] {
  return isGiven(value) ? conditions(value) : [];
}

function datasetCondition(ref: string): Condition {
  const [name, number] = splitRef(ref);
  const versions = run
    .selectFrom("datasetVersion as v")
    .innerJoin("dataset as d", "d.id", "v.datasetId")
    .select("v.id")
    .where("d.name", "=", name);
  return run(
    "r.datasetVersionId",
    "in",
    number === null ? versions : versions.where("v.number", "=", number),
  );
}

/** Names hold no colon, so what follows one is the version's number. */
function splitRef(ref: string): readonly [string, number | null] {
  const match = /^(.*):(\d{1,9})$/.exec(ref);
  return match === null ? [ref, null] : [match[1] ?? ref, Number(match[2])];
}

function metricCondition({ key, atLeast, atMost }: MetricFilter): Condition {
  let series = run
    .selectFrom("metricSeries as m")
    .whereRef("m.runId", "=", "r.id")
    .where("m.key", "=", key)
    .where("m.bestValue", "is not", null);
  if (isGiven(atLeast)) series = series.where("m.bestValue", ">=", atLeast);
  if (isGiven(atMost)) series = series.where("m.bestValue", "<=", atMost);
  return run.exists(series);
}

function isGiven<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}

/** Escapes text for a pattern of `like`. */
function likePattern(text: string): string {
  return text.replace(/[\\%_]/g, "\\$&");
}

function configurationCondition(
  { path, equals }: ConfigurationFilter,
  places: readonly RecordedPath[],
): Condition {
  if (!/^[a-zA-Z0-9]+(\.[a-zA-Z0-9]+){0,5}$/.test(path)) {
    throw new AppError(
      "FILTER_INVALID",
      `The path of a setting is dotted, such as "learningRate.initial". Received ${JSON.stringify(path)}.`,
      { path: ["filter", "configuration"] },
    );
  }
  const parts = path.split(".");
  const values = valuesWritten(equals);
  const place = places.find((candidate) => candidate.path.join(".") === path);
  const isEarlierValue = values.some((value) => value === place?.addedLater?.value);
  const isEqual = run.or([
    ...values.map((value) => settingIs(parts, value)),
    ...(place !== undefined && isEarlierValue ? [isMissing(place)] : []),
  ]);
  const { appliesWhen } = place?.setting ?? {};
  if (appliesWhen === undefined) return isEqual;
  return run.and([isEqual, run.or(appliesWhen.map((condition) => holds(condition, parts.slice(0, -1))))]);
}

/** A condition on a setting beside the one of a filter: see `hasEffect`. */
function holds(condition: EffectCondition, group: readonly string[]): Condition {
  const path = [...group, condition.setting];
  if ("is" in condition) return run.or(condition.is.map((word) => settingIs(path, word)));
  const value = settingAt(path);
  return "above" in condition
    ? sql<SqlBool>`${value} > ${String(condition.above)}::jsonb`
    : sql<SqlBool>`${value} < ${String(condition.below)}::jsonb`;
}

/** The condition that a run was stored before a setting existed. No index helps to find such runs. */
function isMissing({ path, kinds, addedLater }: RecordedPath): Condition {
  const missing = addedLater?.missing ?? path;
  const around = missing.slice(0, -1).map((_name, index) => missing.slice(0, index + 1));
  return run.and([
    sql<SqlBool>`${settingAt(missing)} is null`,
    ...around.map((place) => sql<SqlBool>`jsonb_typeof(${settingAt(place)}) = 'object'`),
    ...when(missing.length === path.length ? kinds : null, (words) => [
      sql<SqlBool>`${settingAt([...path.slice(0, -1), "kind"])} #>> '{}' = any(${words}::text[])`,
    ]),
  ]);
}

/** The JSON of a setting; null where the configuration has none. */
function settingAt(path: readonly string[]): Expression<unknown> {
  return sql`(${run.ref("r.configuration")} #> ${path}::text[])`;
}

/** The values that a text may stand for. Numbers are equal as numbers, however they are written. */
function valuesWritten(text: string): readonly (string | number | boolean)[] {
  const number = text.trim() === "" ? Number.NaN : Number(text);
  const flag = text.toLowerCase();
  return [
    text,
    ...(Number.isFinite(number) ? [number] : []),
    ...(flag === "true" || flag === "false" ? [flag === "true"] : []),
  ];
}

/** Compares by containment, which the index on configurations supports; it does not for places in lists. */
function settingIs(path: readonly string[], value: string | number | boolean): Condition {
  if (path.some((part) => /^\d+$/.test(part))) {
    return sql<SqlBool>`${settingAt(path)} = ${JSON.stringify(value)}::jsonb`;
  }
  const nested = path.reduceRight<unknown>((inner, part) => ({ [part]: inner }), value);
  return sql<SqlBool>`${run.ref("r.configuration")} @> ${JSON.stringify(nested)}::jsonb`;
}
