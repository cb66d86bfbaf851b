import assert from "node:assert/strict";
import { test } from "node:test";
import { Database } from "../../../../src/db/database.js";
import { applyMigrations } from "../../../../src/db/migrations/apply-migrations.js";
import { MetricStore } from "../../../../src/training/record/metric-store.js";
import { RunStore } from "../../../../src/training/record/run-store.js";
import { testLog } from "../../../testkit/postgres/database.js";
import { createEarlierDatabase } from "../../db/earlier-database.js";

const NUMBERED_SERIES = "20261125104418_number_metric_series";

test("metrics that were recorded before series had numbers are complete after the migration", async () => {
  await using earlier = await createEarlierDatabase(
    NUMBERED_SERIES,
    `
    insert into dataset (id, name) values ('ds', 'flowers');
    insert into dataset_version (id, dataset_id, number, status, class_names, split_seed, validation_fraction,
      test_fraction, source) values ('dsv', 'ds', 1, 'READY', '{daisy,rose}', 0, 0.2, 0.2, '{}');
    insert into experiment (id, name) values ('exp', 'trees');
    insert into run (id, name, experiment_id, dataset_version_id, configuration, parameter_count)
    select 'run_' || n, 'run', 'exp', 'dsv', '{}', 1 from generate_series(1, 2) n;
    insert into metric_summary (run_id, key, last_step, last_value, best_value, best_epoch)
    select 'run_' || n, key, 3, 'NaN', n, 1 from generate_series(1, 2) n, unnest(array['train.loss', 'train.top1']) key;
    insert into metric_point (run_id, key, step, value, at)
    select run_id, key, step, case step when 3 then 'NaN' else best_value * step end, '2026-01-01T00:00:00Z'
    from metric_summary, generate_series(1, 3) step`,
  );
  await applyMigrations(earlier.url, testLog);
  await using database = await Database.open(earlier.url, testLog);
  assert.deepEqual(
    (await new RunStore(database).summaries(["run_1", "run_2"])).map(
      ({ runId, key, bestValue, lastValue }) => [runId, key, bestValue, lastValue],
    ),
    [
      ["run_1", "train.loss", 1, Number.NaN],
      ["run_1", "train.top1", 1, Number.NaN],
      ["run_2", "train.loss", 2, Number.NaN],
      ["run_2", "train.top1", 2, Number.NaN],
    ],
  );
  const { points } = await new MetricStore(database).history("run_2", "train.top1", 5);
  assert.deepEqual(
    points.map(({ step, value, at }) => [step, value, at.toISOString()]),
    [
      [1, 2, "2026-01-01T00:00:00.000Z"],
      [2, 4, "2026-01-01T00:00:00.000Z"],
      [3, Number.NaN, "2026-01-01T00:00:00.000Z"],
    ],
  );
});
