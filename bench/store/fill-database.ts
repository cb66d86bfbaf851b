import type pg from "pg";
import { newId } from "../../src/core/ids.js";
import { EPOCH_METRIC_NAMES, EPOCH_METRICS } from "../../src/core/metrics/epoch-metrics.js";
import type { BenchContext } from "../benchmark.js";
import {
  BATCH_KEY,
  DATASETS,
  EPOCH_KEYS,
  EXPERIMENTS,
  type FilledRun,
  filledRun,
  runPoints,
} from "./filled-runs.js";

export interface FilledDatabase {
  /** In the order of their launch. */
  readonly runIds: readonly string[];
  readonly points: number;
  readonly seconds: number;
}

const RUNS_AT_ONCE = 1_000;

/**
 * Fills an empty database with ended runs, their epochs and metrics, as after months of training. To be fast it skips the
 * check of foreign keys, which are all valid. At the end it vacuums and analyzes the tables, as autovacuum does in a
 * running server.
 *
 * @param client connection of a superuser
 */
export async function fillDatabase(
  client: pg.Client,
  runs: number,
  pointsPerRun: number,
  { report, signal }: BenchContext,
): Promise<FilledDatabase> {
  const started = performance.now();
  const points = runPoints(pointsPerRun);
  const parents = await insertParents(client);
  await client.query(`set session_replication_role = replica`);
  const runIds: string[] = [];
  while (runIds.length < runs) {
    signal.throwIfAborted();
    const count = Math.min(RUNS_AT_ONCE, runs - runIds.length);
    const filled = Array.from({ length: count }, (_, index) => filledRun(runIds.length + index));
    await client.query("begin");
    await insertRuns(client, filled, parents);
    await insertEpochs(client, filled, points);
    await insertMetrics(client, filled, points);
    await client.query("commit");
    runIds.push(...filled.map(({ id }) => id));
    if (runIds.length % (5 * RUNS_AT_ONCE) === 0) report(`${runIds.length} of ${runs} runs are written`);
  }
  await client.query(`set session_replication_role = origin`);
  report("vacuuming and analyzing");
  await client.query("vacuum (analyze)");
  await client.query("checkpoint");
  const { rows } = await client.query<{ points: number }>(`select count(*)::int as points from metric_point`);
  return { runIds, points: rows[0]?.points ?? 0, seconds: (performance.now() - started) / 1000 };
}

/** Ids of the experiments and dataset versions that runs belong to. */
interface Parents {
  readonly experiments: readonly string[];
  readonly versions: readonly string[];
}

async function insertParents(client: pg.Client): Promise<Parents> {
  const experiments = Array.from({ length: EXPERIMENTS }, () => newId("experiment"));
  const datasets = Array.from({ length: DATASETS }, () => newId("dataset"));
  const versions = datasets.map(() => newId("datasetVersion"));
  await client.query(
    `insert into experiment (id, name)
     select id, 'experiment-' || n from unnest($1::text[]) with ordinality as e (id, n)`,
    [experiments],
  );
  await client.query(
    `insert into dataset (id, name) select id, 'dataset-' || n from unnest($1::text[]) with ordinality as d (id, n)`,
    [datasets],
  );
  await client.query(
    `insert into dataset_version (id, dataset_id, number, status, hash, class_names, split_seed, validation_fraction,
       test_fraction, source)
     select id, dataset_id, 1, 'READY', md5(id), array['daisy', 'rose'], 0, 0.2, 0.2, '{}'
     from unnest($1::text[], $2::text[]) as v (id, dataset_id)`,
    [versions, datasets],
  );
  return { experiments, versions };
}

async function insertRuns(client: pg.Client, runs: readonly FilledRun[], parents: Parents): Promise<void> {
  await client.query(
    `insert into run (id, name, experiment_id, dataset_version_id, state, end_reason, configuration, environment,
       parameter_count, created_at, started_at, ended_at)
     select id, name, experiment, version, state::run_state, reason::run_end_reason, configuration::jsonb, $9::jsonb,
       9800000, created_at, created_at, created_at + seconds * interval '1 second'
     from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
       $8::float8[], $10::text[])
       as r (id, name, experiment, version, state, reason, created_at, seconds, configuration)`,
    [
      runs.map(({ id }) => id),
      runs.map(({ name }) => name),
      runs.map(({ experiment }) => parents.experiments[experiment]),
      runs.map(({ dataset }) => parents.versions[dataset]),
      runs.map(({ state }) => state),
      runs.map(({ reason }) => reason),
      runs.map(({ createdAt }) => createdAt),
      runs.map(({ durationSeconds }) => durationSeconds),
      JSON.stringify(ENVIRONMENT),
      runs.map(({ configuration }) => JSON.stringify(configuration)),
    ],
  );
}

async function insertEpochs(
  client: pg.Client,
  runs: readonly FilledRun[],
  { epochs }: { readonly epochs: number },
): Promise<void> {
  const metrics = EPOCH_METRIC_NAMES.map((name) => `'${name}', ${valueSql(EPOCH_METRICS[name].key, "n")}`);
  await client.query(
    `insert into epoch (run_id, number, metrics, seconds)
     select id, n, jsonb_build_object(${metrics.join(", ")}), 1.5
     from unnest($1::text[], $2::float8[]) as r (id, level), generate_series(1, $3::int) as n`,
    [runs.map(({ id }) => id), runs.map(({ level }) => level), epochs],
  );
}

/** Values improve with every step, so that the last value of a series is its best. */
async function insertMetrics(
  client: pg.Client,
  runs: readonly FilledRun[],
  { epochs, steps, stepsPerEpoch }: ReturnType<typeof runPoints>,
): Promise<void> {
  for (const key of [...EPOCH_KEYS, BATCH_KEY]) {
    const count = key === BATCH_KEY ? steps : epochs;
    await client.query(
      `with series as (
         insert into metric_series (run_id, key, last_step, last_value, best_value, best_epoch)
         select id, $3, $4::int * $5::int, value, value, $6::int
         from unnest($1::text[], $2::float8[]) as r (id, level), lateral (select ${valueSql(key, "$4::int")} as value) v
         returning id, run_id
       )
       insert into metric_point (series_id, step, value, at)
       select s.id, n * $5::int, ${valueSql(key, "n")}, $7
       from series s join unnest($1::text[], $2::float8[]) as r (id, level) on r.id = s.run_id,
         generate_series(1, $4::int) as n
       order by s.id, n`,
      [
        runs.map(({ id }) => id),
        runs.map(({ level }) => level),
        key,
        count,
        key === BATCH_KEY ? 1 : stepsPerEpoch,
        epochs,
        runs[0]?.createdAt,
      ],
    );
  }
}

/** Returns the SQL of a metric's `n`th value in a run with a `level`. */
function valueSql(key: string, n: string): string {
  return key.endsWith("loss") ? `2 - level - ${n} / 1e6` : `level + ${n} / 1e6`;
}

const ENVIRONMENT = {
  product: "espalier 0.1.0",
  tensorflowVersion: "2.21.0",
  nodeVersion: "24.0.0",
  processor: "a processor",
  device: "CPU",
  threads: 2,
  customOps: [],
  precision: "FLOAT32",
  precisionMeasurements: [],
  partSize: 8,
};
