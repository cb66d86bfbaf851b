import assert from "node:assert/strict";
import { test } from "node:test";
import { Database } from "../../../../src/db/database.js";
import { applyMigrations } from "../../../../src/db/migrations/apply-migrations.js";
import { RunStore } from "../../../../src/training/record/run-store.js";
import { epochsOfRun } from "../../../testkit/epochs-of-run.js";
import { testLog } from "../../../testkit/postgres/database.js";
import { createEarlierDatabase } from "../../db/earlier-database.js";

const METRICS_IN_ONE_DOCUMENT = "20261130012907_keep_epoch_metrics_in_one_document";

const ROWS = `
  insert into dataset (id, name) values ('ds', 'flowers');
  insert into dataset_version (id, dataset_id, number, status, class_names, split_seed, validation_fraction,
    test_fraction, source) values ('dsv', 'ds', 1, 'READY', '{daisy,rose}', 0, 0.2, 0.2, '{}');
  insert into experiment (id, name) values ('exp', 'trees');
  insert into run (id, name, experiment_id, dataset_version_id, configuration, parameter_count)
    values ('run', 'first', 'exp', 'dsv', '{}', 1);
  insert into epoch (run_id, number, train_loss, train_top1, train_top5, validation_loss, validation_top1,
    validation_top5, learning_rate, images_per_second, seconds) values
    ('run', 1, 'Infinity', 0.1, 0.30000000000000004, 'NaN', 0.2, '-Infinity', 1e-300, 123.456, 2.5),
    ('run', 2, 1.7976931348623157e308, 1, 0, 5e-324, 1, 0, 0.001, 0.1, 1e6)`;

test("epochs that were stored with a column for each metric are read back bit for bit", async () => {
  await using earlier = await createEarlierDatabase(METRICS_IN_ONE_DOCUMENT, ROWS);
  await applyMigrations(earlier.url, testLog);
  await using database = await Database.open(earlier.url, testLog);
  assert.deepEqual(await epochsOfRun(new RunStore(database), "run"), [
    {
      number: 1,
      trainLoss: Number.POSITIVE_INFINITY,
      trainTop1: 0.1,
      trainTop5: 0.30000000000000004,
      validationLoss: Number.NaN,
      validationTop1: 0.2,
      validationTop5: Number.NEGATIVE_INFINITY,
      learningRate: 1e-300,
      imagesPerSecond: 123.456,
      seconds: 2.5,
    },
    {
      number: 2,
      trainLoss: 1.7976931348623157e308,
      trainTop1: 1,
      trainTop5: 0,
      validationLoss: 5e-324,
      validationTop1: 1,
      validationTop5: 0,
      learningRate: 0.001,
      imagesPerSecond: 0.1,
      seconds: 1e6,
    },
  ]);
});
