import assert from "node:assert/strict";
import { test } from "node:test";
import { inputContractOf } from "../../../src/core/input-contract.js";
import { Database } from "../../../src/db/database.js";
import { applyMigrations } from "../../../src/db/migrations/apply-migrations.js";
import { ModelStore } from "../../../src/registry/model-store.js";
import { EvaluationStore } from "../../../src/training/evaluation/evaluation-store.js";
import { ArtifactStore } from "../../../src/training/record/artifact-store.js";
import { testLog } from "../../testkit/postgres/database.js";
import { rawSql } from "../../testkit/postgres/raw-sql.js";
import { TINY_CONFIGURATION } from "../../testkit/trained-run.js";
import { createEarlierDatabase } from "../db/earlier-database.js";

const FREEZE_MODEL_VERSIONS = "20261130092500_freeze_model_versions";

const EXTENDED = { ...TINY_CONFIGURATION, epochs: 3, extendedAfterEpochs: [1] };

/** A run that was registered after its first epoch, extended, and registered again after its third. */
const ROWS = `
  insert into dataset (id, name) values ('ds', 'flowers');
  insert into dataset_version (id, dataset_id, number, status, class_names, split_seed, validation_fraction,
    test_fraction, source) values ('dsv', 'ds', 1, 'READY', '{daisy,rose}', 0, 0.2, 0.2, '{}');
  insert into experiment (id, name) values ('exp', 'trees');
  insert into run (id, name, experiment_id, dataset_version_id, configuration, parameter_count)
    values ('run', 'first', 'exp', 'dsv', '${JSON.stringify(EXTENDED)}', 1);
  insert into epoch (run_id, number, metrics, seconds) values
    ('run', 1, '{"validationTop1": 0.5, "validationLoss": "NaN"}', 1), ('run', 3, '{"validationTop1": 0.75}', 1);
  insert into run_event (run_id, sequence, kind, at, body) values ('run', 1, 'RunStateChanged', '2026-01-02',
    '{"from": "SUCCEEDED", "to": "QUEUED", "reason": null, "detail": "Extended after epoch 1, to 3 epochs in all."}');
  insert into checkpoint (id, run_id, epoch, step, best, size_bytes, sha256, folder) values
    ('ckp', 'run', 3, 6, true, 1, 'c3', 'epoch-3');
  insert into evaluation (run_id, split, epoch, sample_count, loss, top1, top5, expected_calibration_error, confusion,
    predictions_sha256) values
    ('run', 'VALIDATION', 3, 4, 0.5, 0.75, 1, 0.1, '{2,0,1,1}', 'p3'),
    ('run', 'TEST', 1, 4, 0.5, 0.25, 1, 0.1, '{2,0,1,1}', 'p1');
  insert into model (id, name) values ('mdl', 'flowers');
  insert into model_version (id, model_id, number, run_id, dataset_version_id, epoch, class_names, image_size_pixels,
    parameter_count, size_bytes, sha256, created_at) values
    ('mdv1', 'mdl', 1, 'run', 'dsv', 1, '{daisy,rose}', 32, 1, 1, 'x', '2026-01-01'),
    ('mdv2', 'mdl', 2, 'run', 'dsv', 2, '{daisy,rose}', 32, 1, 1, 'x', '2026-01-01'),
    ('mdv3', 'mdl', 3, 'run', 'dsv', 3, '{daisy,rose}', 32, 1, 1, 'x', '2026-01-03')`;

test("a version of an earlier release has what its database still proves about its epoch, and nothing else", async () => {
  await using earlier = await createEarlierDatabase(FREEZE_MODEL_VERSIONS, ROWS);
  await applyMigrations(earlier.url, testLog);
  await using database = await Database.open(earlier.url, testLog);
  const versions = new Map(
    (await new ModelStore(database).findVersions(["mdv1", "mdv2", "mdv3"])).map((v) => [v.id, v]),
  );
  const [first, second, third] = [versions.get("mdv1"), versions.get("mdv2"), versions.get("mdv3")];
  const evaluations = new EvaluationStore(database, new ArtifactStore(database));
  const epochOf = async (id: number | null | undefined) =>
    id === null || id === undefined ? null : (await evaluations.find([id]))[0]?.epoch;

  assert.deepEqual(
    first?.inputContract,
    inputContractOf({ imageSizePixels: 32, preprocessing: "SCALE_0_1", classCount: 2 }),
  );
  assert.deepEqual(
    [first.configuration, first.checkpointSha256],
    [null, null],
    "the run was extended afterwards",
  );
  assert.deepEqual([first.metrics?.validationTop1, first.metrics?.validationLoss], [0.5, Number.NaN]);
  assert.deepEqual(
    [await epochOf(first.validationEvaluationId), await epochOf(first.testEvaluationId)],
    [null, 1],
  );

  assert.deepEqual(
    [second?.metrics, second?.validationEvaluationId, second?.testEvaluationId, second?.checkpointSha256],
    [null, null, null, null],
    "nothing is known about epoch 2",
  );

  assert.deepEqual(third?.configuration, EXTENDED);
  assert.deepEqual([third.metrics?.validationTop1, third.checkpointSha256], [0.75, "c3"]);
  assert.deepEqual([await epochOf(third.validationEvaluationId), third.testEvaluationId], [3, null]);

  const current = await evaluations.ofRuns(["run"]);
  assert.deepEqual(
    current.map(({ split, epoch }) => `${split} ${epoch}`),
    ["VALIDATION 3"],
    "the test of epoch 1 is not that of the run's best checkpoint",
  );
  await assert.rejects(
    rawSql(database, "delete from evaluation where predictions_sha256 = 'p1'", []),
    /model_version_test_evaluation_id_fkey/,
  );
});
