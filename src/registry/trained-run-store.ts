import { readRunConfiguration } from "../core/settings/stored-configuration.js";
import type { Database } from "../db/database.js";
import type { TrainedRun } from "./model-records.js";

interface Row extends Omit<TrainedRun, "bestCheckpoint" | "configuration"> {
  readonly configuration: unknown;
  readonly epoch: number | null;
  readonly folder: string | null;
  readonly sha256: string | null;
}

/** The little of a run that the registry needs, read on its own so that it does not depend on training. */
export class TrainedRunStore {
  constructor(private readonly database: Database) {}

  /**
   * Null when there is no such run.
   *
   * @throws AppError `CONFIGURATION_UNREADABLE`
   */
  async find(runId: string): Promise<TrainedRun | null> {
    const { rows } = await this.database.pool.query<Row>(
      `select r.id, r.configuration, coalesce(r.environment ->> 'precision', 'FLOAT32') as precision,
         r.parameter_count::float8 as "parameterCount",
         v.id as "datasetVersionId", d.name || ':' || v.number as "datasetRef", v.hash as "datasetHash",
         v.class_names as "classNames", c.epoch, c.folder, c.sha256
       from run r
         join dataset_version v on v.id = r.dataset_version_id
         join dataset d on d.id = v.dataset_id
         left join checkpoint c on c.run_id = r.id and c.best
       where r.id = $1 order by c.epoch desc limit 1`,
      [runId],
    );
    const [row] = rows;
    if (row === undefined) return null;
    const { epoch, folder, sha256, ...run } = row;
    const bestCheckpoint =
      epoch === null || folder === null || sha256 === null ? null : { epoch, folder, sha256 };
    return { ...run, configuration: readRunConfiguration(run.configuration), bestCheckpoint };
  }
}
