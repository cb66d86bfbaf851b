import assert from "node:assert/strict";
import { test } from "node:test";
import { denseConfusion } from "../../../../src/core/confusion-matrix.js";
import { Database } from "../../../../src/db/database.js";
import { applyMigrations } from "../../../../src/db/migrations/apply-migrations.js";
import { EvaluationStore } from "../../../../src/training/evaluation/evaluation-store.js";
import { ArtifactStore } from "../../../../src/training/record/artifact-store.js";
import { testLog } from "../../../testkit/postgres/database.js";
import { createEarlierDatabase } from "../../db/earlier-database.js";

const WITHOUT_ZEROS = "20261130093000_keep_confusion_without_zeros";

const ROWS = `
  insert into dataset (id, name) values ('ds', 'flowers');
  insert into dataset_version (id, dataset_id, number, status, class_names, split_seed, validation_fraction,
    test_fraction, source) values ('dsv', 'ds', 1, 'READY', '{daisy,rose,tulip}', 0, 0.2, 0.2, '{}');
  insert into experiment (id, name) values ('exp', 'trees');
  insert into run (id, name, experiment_id, dataset_version_id, configuration, parameter_count)
    values ('run', 'first', 'exp', 'dsv', '{}', 1), ('wide', 'second', 'exp', 'dsv', '{}', 1);
  insert into evaluation (id, run_id, split, epoch, sample_count, loss, top1, top5, expected_calibration_error,
    confusion, predictions_sha256) values
    (1, 'run', 'VALIDATION', 1, 26, 0.5, 0.5, 1, 0, '{1,0,9,0,0,9,7,0,0}', 'a'),
    (2, 'run', 'TEST', 1, 3, 0.5, 0.5, 1, 0, '{3}', 'b'),
    (3, 'wide', 'TEST', 1, 1, 0.5, 0.5, 1, 0,
      (select array_agg(case when n = 123 * 1000 + 999 then 5 when n = 999 * 1000 then 5 else 0 end order by n)
       from generate_series(0, 999999) n), 'c')`;

test("matrices that were stored with their zeros are read back without them", async () => {
  await using earlier = await createEarlierDatabase(WITHOUT_ZEROS, ROWS);
  await applyMigrations(earlier.url, testLog);
  await using database = await Database.open(earlier.url, testLog);
  const evaluations = new EvaluationStore(database, new ArtifactStore(database));

  const validation = await evaluations.confusion(1);
  assert.deepEqual(validation, { cells: Int32Array.of(0, 2, 9, 1, 2, 9, 2, 0, 7, 0, 0, 1) });
  assert.deepEqual(validation && denseConfusion(validation, 3), Int32Array.of(1, 0, 9, 0, 0, 9, 7, 0, 0));
  assert.deepEqual(await evaluations.confusion(2), { cells: Int32Array.of(0, 0, 3) });
  assert.deepEqual(await evaluations.confusion(3), {
    cells: Int32Array.of(123, 999, 5, 999, 0, 5),
  });
});
