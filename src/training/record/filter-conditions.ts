import { AppError } from "../../core/app-error.js";
import { type RecordedPath, RUN_CONFIGURATION_PATHS } from "../../core/settings/recorded-paths.js";
import type { ConfigurationFilter, MetricFilter, RunFilter } from "./run-records.js";
import type { SqlParameters } from "./sql-parameters.js";

/**
 * SQL conditions on a table `run r`, all of which must hold; every value is a parameter.
 *
 * @param places where configurations hold their settings
 * @throws AppError `FILTER_INVALID`
 */
export function runFilterConditions(
  filter: RunFilter,
  parameters: SqlParameters,
  places: readonly RecordedPath[] = RUN_CONFIGURATION_PATHS,
): readonly string[] {
  return [
    ...when(filter.experiment, (name) => [
      `r.experiment_id = (select id from experiment where name = ${parameters.add(name)})`,
    ]),
    ...when(filter.dataset, (ref) => [datasetCondition(ref, parameters)]),
    ...when(filter.states, (states) => [`r.state = any(${parameters.add(states)}::run_state[])`]),
    // The planner knows how many names a pattern matches, and nothing of `position`.
    ...when(filter.nameContains, (part) => [`r.name ilike ${parameters.add(`%${likePattern(part)}%`)}`]),
    ...when(filter.architectures, (names) => [
      anyOf(names.map((name) => settingIs(["architecture"], name, parameters))),
    ]),
    ...when(filter.metric, (metrics) => metrics.map((metric) => metricCondition(metric, parameters))),
    ...when(filter.configuration, (settings) =>
      settings.map((setting) => configurationCondition(setting, parameters, places)),
    ),
    ...when(filter.createdAfter, (time) => [`r.created_at > ${parameters.add(time)}`]),
    ...when(filter.createdBefore, (time) => [`r.created_at < ${parameters.add(time)}`]),
  ];
}

function when<T>(
  value: T | null | undefined,
  conditions: (value: T) => readonly string[],
): readonly string[] {
  return value === null || value === undefined ? [] : conditions(value);
}

function datasetCondition(ref: string, parameters: SqlParameters): string {
  const [name, number] = splitRef(ref);
  const version = number === null ? "" : ` and v.number = ${parameters.add(number)}`;
  return `r.dataset_version_id in (select v.id from dataset_version v join dataset d on d.id = v.dataset_id
    where d.name = ${parameters.add(name)}${version})`;
}

/** Names hold no colon, so what follows one is the version's number. */
function splitRef(ref: string): readonly [string, number | null] {
  const match = /^(.*):(\d{1,9})$/.exec(ref);
  return match === null ? [ref, null] : [match[1] ?? ref, Number(match[2])];
}

function metricCondition({ key, atLeast, atMost }: MetricFilter, parameters: SqlParameters): string {
  const bounds = [
    ...when(atLeast, (bound) => [` and m.best_value >= ${parameters.add(bound)}`]),
    ...when(atMost, (bound) => [` and m.best_value <= ${parameters.add(bound)}`]),
  ];
  return `exists (select from metric_series m where m.run_id = r.id and m.key = ${parameters.add(key)}
    and m.best_value is not null${bounds.join("")})`;
}

/** Text that stands for itself in a pattern of `like`. */
function likePattern(text: string): string {
  return text.replace(/[\\%_]/g, "\\$&");
}

function configurationCondition(
  { path, equals }: ConfigurationFilter,
  parameters: SqlParameters,
  places: readonly RecordedPath[],
): string {
  if (!/^[a-zA-Z0-9]+(\.[a-zA-Z0-9]+){0,5}$/.test(path)) {
    throw new AppError(
      "FILTER_INVALID",
      `The path of a setting is dotted, such as "learningRate.initial". Received ${JSON.stringify(path)}.`,
      { path: ["filter", "configuration"] },
    );
  }
  const parts = path.split(".");
  const values = valuesWritten(equals);
  return anyOf([
    ...values.map((value) => settingIs(parts, value, parameters)),
    ...when(
      places.find((place) => place.path.join(".") === path),
      (place) =>
        values.some((value) => value === place.addedLater?.value) ? [isMissing(place, parameters)] : [],
    ),
  ]);
}

/** The condition that a run was stored before a setting existed. No index helps to find such runs. */
function isMissing({ path, kinds, addedLater }: RecordedPath, parameters: SqlParameters): string {
  const at = (place: readonly string[]): string => `r.configuration #> ${parameters.add(place)}::text[]`;
  const missing = addedLater?.missing ?? path;
  const around = missing.slice(0, -1).map((_name, index) => missing.slice(0, index + 1));
  const conditions = [
    `${at(missing)} is null`,
    ...around.map((place) => `jsonb_typeof(${at(place)}) = 'object'`),
    ...when(missing.length === path.length ? kinds : null, (words) => [
      `(${at([...path.slice(0, -1), "kind"])}) #>> '{}' = any(${parameters.add(words)}::text[])`,
    ]),
  ];
  return `(${conditions.join(" and ")})`;
}

/** What a text may stand for. Numbers are equal as numbers, however they are written. */
function valuesWritten(text: string): readonly (string | number | boolean)[] {
  const number = text.trim() === "" ? Number.NaN : Number(text);
  return [
    text,
    ...(Number.isFinite(number) ? [number] : []),
    ...(text === "true" || text === "false" ? [text === "true"] : []),
  ];
}

/** An index holds every setting that is found by containment; places in lists are no part of that. */
function settingIs(
  path: readonly string[],
  value: string | number | boolean,
  parameters: SqlParameters,
): string {
  if (path.some((part) => /^\d+$/.test(part))) {
    const found = `r.configuration #> ${parameters.add(path)}::text[]`;
    return `${found} = ${parameters.add(JSON.stringify(value))}::jsonb`;
  }
  const nested = path.reduceRight<unknown>((inner, part) => ({ [part]: inner }), value);
  return `r.configuration @> ${parameters.add(JSON.stringify(nested))}::jsonb`;
}

function anyOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? "false" : `(${conditions.join(" or ")})`;
}
