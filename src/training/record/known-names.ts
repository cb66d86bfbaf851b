import { sql } from "kysely";
import { AppError } from "../../core/app-error.js";
import { METRIC_KEYS } from "../../core/metrics/epoch-metrics.js";
import { recordedNameOf } from "../../core/settings/given-names.js";
import { RUN_CONFIGURATION_PATHS } from "../../core/settings/recorded-paths.js";
import type { Database } from "../../db/database.js";
import { nearestText } from "../../lang/nearest-text.js";
import type { RunFilter, RunListRequest } from "./run-records.js";

/** Number of the newest runs, and of the oldest, among which a setting of another version is looked for. */
const SEARCHED_RUNS = 500;

const PATHS: ReadonlySet<string> = new Set(RUN_CONFIGURATION_PATHS.map(({ path }) => path.join(".")));

/**
 * Refuses keys of metrics that neither this version nor a stored run has. Another version may have recorded other metrics.
 *
 * @throws AppError `METRIC_UNKNOWN`
 */
export async function checkMetricKeys(
  { kysely }: Database,
  { filter, order }: Pick<RunListRequest, "filter" | "order">,
): Promise<void> {
  const ordersByMetric = order?.field === "METRIC_BEST" || order?.field === "METRIC_LAST";
  const keys: readonly (readonly [key: string, path: readonly string[]])[] = [
    ...(filter?.metric ?? []).map(({ key }) => [key, ["filter", "metric"]] as const),
    ...(ordersByMetric && typeof order.metric === "string"
      ? [[order.metric, ["orderBy", "metric"]] as const]
      : []),
  ];
  for (const [key, path] of keys) {
    if (METRIC_KEYS.includes(key)) continue;
    const recorded = await kysely
      .selectFrom("metricSeries")
      .select("key")
      .where("key", "=", key)
      .limit(1)
      .execute();
    if (recorded.length > 0) continue;
    const nearest = nearestText(key, METRIC_KEYS);
    throw new AppError(
      "METRIC_UNKNOWN",
      `There is no metric with the key ${JSON.stringify(key)}. ` +
        (nearest === null
          ? `The keys are ${METRIC_KEYS.join(", ")}.`
          : `Did you mean ${JSON.stringify(nearest)}?`),
      { path },
    );
  }
}

/**
 * Refuses paths of settings that neither this version nor a stored run has. It is for filters that found nothing, since a run
 * that is found has the setting.
 *
 * @throws AppError `FILTER_INVALID`
 */
export async function checkSettingPaths(
  database: Database,
  { configuration }: Pick<RunFilter, "configuration">,
): Promise<void> {
  for (const { path } of configuration ?? []) {
    // Places in a list have numbers: "classWeights.weights.1".
    if (PATHS.has(path.replace(/\.\d+$/, "")) || (await isRecorded(database, path))) continue;
    const meant = meantPath(path);
    throw new AppError(
      "FILTER_INVALID",
      `There is no setting at ${JSON.stringify(path)}. ` +
        (meant === null
          ? "docs/settings.md lists the paths of all settings."
          : `Did you mean ${JSON.stringify(meant)}?`),
      { path: ["filter", "configuration"] },
    );
  }
}

/** Whether one of the newest or of the oldest runs has a value there, as those of a later or an earlier version may. */
async function isRecorded({ kysely }: Database, path: string): Promise<boolean> {
  const { rows } = await sql`
    select 1 from (
      (select configuration from run order by created_at desc, id desc limit ${sql.lit(SEARCHED_RUNS)})
      union all
      (select configuration from run order by created_at, id limit ${sql.lit(SEARCHED_RUNS)})
    ) as searched
    where jsonb_typeof(configuration #> ${path.split(".")}::text[]) <> 'object'
    limit 1`.execute(kysely);
  return rows.length > 0;
}

/** The recorded path that a user most likely means. */
function meantPath(path: string): string | null {
  const recorded = recordedNameOf(path);
  if (recorded !== null) return recorded;
  const inner = [...PATHS].filter((known) => known.endsWith(`.${path}`));
  return inner.length === 1 ? (inner[0] ?? null) : nearestText(path, PATHS);
}
