import assert from "node:assert/strict";
import { mkdir, readdir, rm, rmdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { newId } from "../../../../src/core/ids.js";
import { inputContractOf } from "../../../../src/core/input-contract.js";
import { FolderBlobStore } from "../../../../src/data/blobs/folder-blob-store.js";
import { ModelStore } from "../../../../src/registry/model-store.js";
import { PredictionsKeeper } from "../../../../src/training/evaluation/predictions-keeper.js";
import { RunDeletion } from "../../../../src/training/lifecycle/deletion.js";
import { RunDeletionStore } from "../../../../src/training/lifecycle/deletion-store.js";
import { testLog } from "../../../testkit/postgres/database.js";
import { rawSql } from "../../../testkit/postgres/raw-sql.js";
import { temporaryFolder } from "../../../testkit/temporary-folder.js";
import {
  finishEpoch,
  insertVersion,
  openTraining,
  startNext,
  succeed,
  type Training,
} from "../training-stores.js";

interface DeletionWorld extends AsyncDisposable {
  readonly training: Training;
  readonly deletion: RunDeletion;
  readonly deletions: RunDeletionStore;
  readonly blobs: FolderBlobStore;
  readonly keeper: PredictionsKeeper;
  readonly runsFolder: string;
}

async function openDeletionWorld(): Promise<DeletionWorld> {
  const temporary = await temporaryFolder();
  const training = await openTraining();
  await insertVersion(training.database);
  const runsFolder = path.join(temporary.folder, "runs");
  await mkdir(runsFolder);
  const blobs = new FolderBlobStore(path.join(temporary.folder, "blobs"));
  const keeper = new PredictionsKeeper(blobs);
  const deletions = new RunDeletionStore(training.database);
  return {
    training,
    deletion: new RunDeletion({
      deletions,
      evaluations: training.evaluations,
      predictions: keeper,
      runsFolder,
      log: testLog,
    }),
    deletions,
    blobs,
    keeper,
    runsFolder,
    async [Symbol.asyncDispose]() {
      await training[Symbol.asyncDispose]();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

/** A run that has succeeded after one epoch, with a checkpoint's files and predictions. */
async function trainedRun(
  { training, keeper, runsFolder }: DeletionWorld,
  likeliest: number,
): Promise<{ readonly id: string; readonly predictions: string }> {
  const { id } = await training.launch();
  const checkpoint = path.join(runsFolder, id, "checkpoints", "epoch-1");
  await mkdir(checkpoint, { recursive: true });
  await writeFile(path.join(checkpoint, "variables.data"), "weights");
  const attempt = await startNext(training);
  const evaluation = await keeper.keep(
    { split: "VALIDATION", epoch: 1, checkpointSha256: "1", classCount: 2 },
    {
      sampleCount: 1,
      ranks: 2,
      positions: Int32Array.of(3),
      labels: Int32Array.of(1),
      losses: Float32Array.of(0.5),
      ranked: Int32Array.of(likeliest, 1 - likeliest),
      probabilities: Float32Array.of(0.75, 0.25),
    },
  );
  await finishEpoch(training, attempt, { number: 1 }, true, { evaluation, artifacts: [] });
  await succeed(training, attempt);
  return { id, predictions: evaluation.predictionsSha256 };
}

/** Tables that still have rows of the run. */
async function tablesWith({ training: { database } }: DeletionWorld, runId: string): Promise<string[]> {
  const { rows } = await rawSql<{ table: string }>(
    database,
    `select table_name as table from information_schema.columns
     where table_schema = 'public' and column_name = 'run_id' order by table_name`,
  );
  const found: string[] = [];
  for (const { table } of rows) {
    const { rows } = await rawSql(database, `select from "${table}" where run_id = $1 limit 1`, [runId]);
    if (rows.length > 0) found.push(table);
  }
  return found;
}

test("deleting a run removes all its rows and files, and none of other runs", async () => {
  await using world = await openDeletionWorld();
  const { training, deletion, blobs, runsFolder } = world;
  const [gone, kept] = [await trainedRun(world, 0), await trainedRun(world, 1)];
  const before = await training.runs.find([kept.id]);
  assert.ok((await tablesWith(world, gone.id)).includes("run_event"));
  await deletion.delete(gone.id);

  assert.deepEqual(await training.runs.find([gone.id, kept.id]), before);
  assert.deepEqual(await tablesWith(world, gone.id), []);
  assert.deepEqual(await readdir(runsFolder), [kept.id]);
  assert.deepEqual([await blobs.has(gone.predictions), await blobs.has(kept.predictions)], [false, true]);
  await assert.rejects(deletion.delete(gone.id), { code: "RUN_NOT_FOUND", path: ["runId"] });
});

test("predictions that another run shares are kept for it", async () => {
  await using world = await openDeletionWorld();
  const [first, second] = [await trainedRun(world, 0), await trainedRun(world, 0)];
  assert.equal(first.predictions, second.predictions);
  await world.deletion.delete(first.id);
  assert.equal(await world.blobs.has(second.predictions), true);
  await world.deletion.delete(second.id);
  assert.equal(await world.blobs.has(second.predictions), false);
});

test("a run with model versions cannot be deleted, and the error names them", async () => {
  await using world = await openDeletionWorld();
  const { training, deletion, runsFolder } = world;
  const { id } = await trainedRun(world, 0);
  const [run] = await training.runs.find([id]);
  const { database } = training;
  for (const model of ["tulips", "flowers"]) {
    const modelId = newId("model");
    await rawSql(database, `insert into model (id, name) values ($1, $2)`, [modelId, model]);
    for (const number of [2, 10]) {
      await rawSql(
        database,
        `insert into model_version (id, model_id, number, run_id, dataset_version_id, epoch, class_names,
           image_size_pixels, input_contract, parameter_count, size_bytes, sha256)
         values ($1, $2, $3, $4, $5, 1, '{}', 32, '{}', 1, 1, 'x')`,
        [newId("modelVersion"), modelId, number, id, run!.datasetVersionId],
      );
    }
  }
  await assert.rejects(deletion.delete(id), {
    code: "RUN_HAS_DEPENDENTS",
    path: ["runId"],
    message: /: flowers:2, flowers:10, tulips:2, tulips:10\./,
  });
  assert.deepEqual(await readdir(runsFolder), [id]);
  assert.deepEqual(await training.runs.find([id]), [run]);
  assert.deepEqual(await world.deletions.list(), []);
});

test("a run that is deleted during its export cannot be registered", async () => {
  await using world = await openDeletionWorld();
  const { training, deletion } = world;
  const { id } = await trainedRun(world, 0);
  const [run] = await training.runs.find([id]);
  await deletion.delete(id);
  const models = new ModelStore(training.database);
  const version = {
    id: newId("modelVersion"),
    modelId: newId("model"),
    modelName: "flowers",
    description: "",
    runId: id,
    datasetVersionId: run!.datasetVersionId,
    epoch: 1,
    checkpointSha256: "1",
    classNames: [],
    imageSizePixels: 32,
    inputContract: inputContractOf({ imageSizePixels: 32, preprocessing: "SCALE_0_1", classCount: 2 }),
    configuration: run!.configuration,
    metrics: null,
    parameterCount: 1,
    sizeBytes: 1,
    sha256: "x",
    idempotency: null,
  };
  await assert.rejects(models.insertVersion(version), { code: "RUN_NOT_FOUND", path: ["runId"] });
  assert.equal(await models.findModelByName("flowers"), null);
});

test("a running run cannot be deleted; queued and paused runs can", async () => {
  await using world = await openDeletionWorld();
  const { training, deletion } = world;
  const working = await training.launch();
  await startNext(training);
  await assert.rejects(deletion.delete(working.id), {
    code: "RUN_STATE_INVALID",
    path: ["runId"],
    message: /is RUNNING\. Cancel/,
  });
  const [queued, paused] = [await training.launch(), await training.launch()];
  await training.control.pause(paused.id);
  await deletion.delete(queued.id);
  await deletion.delete(paused.id);
  const left = await training.runs.find([working.id, queued.id, paused.id]);
  assert.deepEqual(
    left.map(({ id }) => id),
    [working.id],
  );
});

test("followers of a run that is deleted get an error", async () => {
  await using world = await openDeletionWorld();
  const { training, deletion } = world;
  const { id } = await training.launch();
  const events = training.events.follow(id, null, AbortSignal.timeout(60_000));
  assert.equal((await events.next()).done, false);
  const told = assert.rejects(events.next(), { code: "RUN_NOT_FOUND" });
  await deletion.delete(id);
  await told;
});

test("files that remain after a crash during a deletion are removed at the next start", async () => {
  await using world = await openDeletionWorld();
  const { deletion, deletions, blobs, runsFolder } = world;
  const [gone, kept, shared] = [
    await trainedRun(world, 0),
    await trainedRun(world, 1),
    await trainedRun(world, 1),
  ];
  // As if the process had ended after the commit.
  await deletions.delete(gone.id);
  await deletions.delete(shared.id);
  assert.deepEqual(new Set(await readdir(runsFolder)), new Set([gone.id, kept.id, shared.id]));
  await deletion.recover();
  assert.deepEqual(await readdir(runsFolder), [kept.id]);
  assert.deepEqual([await blobs.has(gone.predictions), await blobs.has(kept.predictions)], [false, true]);
  assert.deepEqual(await deletions.list(), []);
});

test("a run whose files cannot be removed is deleted, and its files are removed at a later start", async () => {
  await using world = await openDeletionWorld();
  const { training, deletion, deletions, blobs } = world;
  const { id, predictions } = await trainedRun(world, 0);
  // Removing the file fails because it is a folder.
  await rm(blobs.pathOf(predictions));
  await mkdir(blobs.pathOf(predictions));
  await deletion.delete(id);
  assert.deepEqual(await training.runs.find([id]), []);
  assert.deepEqual(await deletions.list(), [{ runId: id, predictions: [predictions] }]);
  await rmdir(blobs.pathOf(predictions));
  await deletion.recover();
  assert.deepEqual(await deletions.list(), []);
});
