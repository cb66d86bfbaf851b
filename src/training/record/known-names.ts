import { AppError } from "../../core/app-error.js";
import { METRIC_KEYS } from "../../core/metrics/epoch-metrics.js";
import { recordedNameOf } from "../../core/settings/given-names.js";
import { RUN_CONFIGURATION_PATHS } from "../../core/settings/recorded-paths.js";
import { nearestText } from "../../lang/text/nearest-text.js";
import type { RunFilter, RunListRequest } from "./run-records.js";

/** Returns whether a stored run has a metric or a setting of this name, as runs of another version may. */
export type IsRecorded = (name: string) => Promise<boolean>;

const PATHS: ReadonlySet<string> = new Set(RUN_CONFIGURATION_PATHS.map(({ path }) => path.join(".")));

/**
 * Refuses keys of metrics that neither this version nor a stored run has. Another version may have recorded other metrics.
 *
 * @throws AppError `METRIC_UNKNOWN`
 */
export async function checkMetricKeys(
  { filter, order }: Pick<RunListRequest, "filter" | "order">,
  isRecorded: IsRecorded,
): Promise<void> {
  const ordersByMetric = order?.field === "METRIC_BEST" || order?.field === "METRIC_LAST";
  const keys: readonly (readonly [key: string, path: readonly string[]])[] = [
    ...(filter?.metric ?? []).map(({ key }) => [key, ["filter", "metric"]] as const),
    ...(ordersByMetric && typeof order.metric === "string"
      ? [[order.metric, ["orderBy", "metric"]] as const]
      : []),
  ];
  for (const [key, path] of keys) {
    if (METRIC_KEYS.includes(key) || (await isRecorded(key))) continue;
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
  { configuration }: Pick<RunFilter, "configuration">,
  isRecorded: IsRecorded,
): Promise<void> {
  for (const { path } of configuration ?? []) {
    // Places in a list have numbers: "classWeights.weights.1".
    if (PATHS.has(path.replace(/\.\d+$/, "")) || (await isRecorded(path))) continue;
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

/** The recorded path that a user most likely means. */
function meantPath(path: string): string | null {
  const recorded = recordedNameOf(path);
  if (recorded !== null) return recorded;
  const inner = [...PATHS].filter((known) => known.endsWith(`.${path}`));
  return inner.length === 1 ? (inner[0] ?? null) : nearestText(path, PATHS);
}
