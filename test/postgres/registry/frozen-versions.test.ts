import assert from "node:assert/strict";
import { test } from "node:test";
import { newId } from "../../../src/core/ids.js";
import { inputContractOf } from "../../../src/core/input-contract.js";
import { FolderBlobStore } from "../../../src/data/blobs/folder-blob-store.js";
import type { ModelVersionRecord, TrainedRun } from "../../../src/registry/model-records.js";
import { ModelStore } from "../../../src/registry/model-store.js";
import { TrainedRunStore } from "../../../src/registry/trained-run-store.js";
import type { EvaluatedSplit, NewEvaluation } from "../../../src/training/evaluation/evaluation-records.js";
import { PredictionsKeeper } from "../../../src/training/evaluation/predictions-keeper.js";
import type { RunAttempt } from "../../../src/training/lifecycle/attempt.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";
import {
  finishEpoch,
  insertVersion,
  leaseOf,
  loseAll,
  openTraining,
  startNext,
} from "../training/training-stores.js";

test("a version keeps what was measured on its checkpoint when its run finds a better one", async () => {
  await using world = await openWorld();
  const attempt = await world.launched();
  await world.epoch(attempt, 1);
  const version = await world.register(attempt.runId);
  assert.equal(version.metrics?.validationTop1, 0.01);
  assert.equal(version.checkpointSha256, "1");
  const scores = await world.scoresOf(version);
  assert.deepEqual([scores.validation?.epoch, scores.test], [1, null]);

  await world.epoch(attempt, 2);
  await world.end(attempt, 2);
  const later = await world.read(version);
  assert.deepEqual(later, version);
  assert.deepEqual(await world.scoresOf(later), scores, "the test scores of epoch 2 are not its own");
  assert.ok(await world.blobs.has(scores.validation?.predictionsSha256 ?? ""));
  assert.deepEqual(await world.scoresOfRun(attempt.runId), ["VALIDATION 2", "TEST 2"]);

  const second = await world.scoresOf(await world.register(attempt.runId));
  assert.deepEqual([second.validation?.epoch, second.test?.epoch], [2, 2]);
});

test("a version of a run in training gets the test scores when the run is tested with its checkpoint", async () => {
  await using world = await openWorld();
  const attempt = await world.launched();
  await world.epoch(attempt, 1);
  const version = await world.register(attempt.runId);
  await world.epoch(attempt, 2, { improved: false });
  await world.end(attempt, 1);
  const { validation, test: tested } = await world.scoresOf(await world.read(version));
  assert.deepEqual([validation?.epoch, tested?.epoch], [1, 1]);
});

test("a checkpoint that becomes the best while another one is exported is not mixed with it", async () => {
  await using world = await openWorld();
  const attempt = await world.launched();
  await world.epoch(attempt, 1);
  const exported = await world.runs.hold(attempt.runId);
  assert.ok(exported);
  await world.epoch(attempt, 2);
  const version = await world.insert(exported);
  assert.deepEqual([version.epoch, version.metrics?.validationTop1], [1, 0.01]);
  assert.equal((await world.scoresOf(version)).validation?.epoch, 1);
  assert.deepEqual(await world.scoresOfRun(attempt.runId), ["VALIDATION 2"]);
});

test("registrations beside 20 ever better epochs each have the metrics and the scores of one epoch", async () => {
  await using world = await openWorld();
  const attempt = await world.launched();
  await world.epoch(attempt, 1);
  let training = true;
  const registering = (async () => {
    const versions: ModelVersionRecord[] = [];
    while (training) versions.push(await world.register(attempt.runId));
    return versions;
  })();
  for (let number = 2; number <= 20; number++) await world.epoch(attempt, number);
  training = false;
  const versions = await registering;
  for (const version of versions) {
    const { epoch, metrics, checkpointSha256 } = await world.read(version);
    assert.deepEqual([metrics?.validationTop1, checkpointSha256], [epoch / 100, `${epoch}`]);
    const { validation } = await world.scoresOf(version);
    assert.equal(validation?.epoch, epoch);
    assert.ok(await world.blobs.has(validation.predictionsSha256), `predictions of epoch ${epoch}`);
  }
});

test("a version keeps its scores when its epoch is trained again with another result", async () => {
  await using world = await openWorld();
  const { training } = world;
  const attempt = await world.launched();
  await world.epoch(attempt, 1);
  await world.epoch(attempt, 2);
  const version = await world.register(attempt.runId);
  const scores = await world.scoresOf(version);
  const [stopped] = await loseAll(training);
  const run = await training.queue.claim(leaseOf(), new Date());
  const again = { runId: attempt.runId, attempt: run?.attempt ?? 0 };
  assert.equal(stopped?.runId, again.runId);
  await training.attempts.start(again, { epoch: 1, step: 2, stepsPerEpoch: 2, warnings: [] }, new Date());
  assert.deepEqual(await training.artifacts.ofRuns([again.runId]), []);
  await world.epoch(again, 2, { sha256: "2 again", top1: 0.9 });
  assert.deepEqual(await world.read(version), version);
  assert.deepEqual(await world.scoresOf(version), scores);
  const [ofRun] = await training.evaluations.ofRuns([again.runId]);
  assert.notEqual(ofRun?.id, scores.validation?.id);
});

test("extending the run changes neither the configuration nor the scores of a version", async () => {
  await using world = await openWorld();
  const { training } = world;
  const attempt = await world.launched();
  await world.epoch(attempt, 1);
  await world.end(attempt, 1);
  const version = await world.register(attempt.runId);
  const scores = await world.scoresOf(version);
  await training.control.extend(attempt.runId, 9);
  const run = await training.queue.claim(leaseOf(), new Date());
  const extended = { runId: attempt.runId, attempt: run?.attempt ?? 0 };
  await training.attempts.start(extended, { epoch: 1, step: 2, stepsPerEpoch: 2, warnings: [] }, new Date());
  assert.deepEqual(await world.scoresOfRun(attempt.runId), ["VALIDATION 1", "TEST 1"]);
  await world.epoch(extended, 2);
  assert.deepEqual(
    await world.scoresOfRun(attempt.runId),
    ["VALIDATION 2"],
    "the test of another checkpoint is not the run's",
  );
  assert.deepEqual(
    (await training.artifacts.ofRuns([attempt.runId])).map(({ name }) => name),
    ["predictions-validation.npy"],
  );
  assert.equal(version.configuration?.epochs, 3);
  assert.deepEqual(await world.read(version), version);
  assert.deepEqual(await world.scoresOf(version), scores);
});

test("predictions that were held for a registration that failed are removed with the next better checkpoint", async () => {
  await using world = await openWorld();
  const attempt = await world.launched();
  const first = await world.epoch(attempt, 1);
  await world.runs.hold(attempt.runId);
  await world.epoch(attempt, 2);
  assert.ok(await world.blobs.has(first.predictionsSha256));
  await world.training.database.prisma.evaluation.updateMany({ data: { heldUntil: new Date(0) } });
  await world.epoch(attempt, 3);
  assert.ok(!(await world.blobs.has(first.predictionsSha256)));
});

/** Everything between a trained checkpoint and a version, but for the files of the network. */
async function openWorld() {
  const temporary = await temporaryFolder();
  const training = await openTraining();
  const { database } = training;
  const blobs = new FolderBlobStore(temporary.folder);
  const keeper = new PredictionsKeeper(blobs);
  const models = new ModelStore(database);
  const runs = new TrainedRunStore(database);
  await insertVersion(database);

  const insert = async ({ bestCheckpoint, ...run }: TrainedRun): Promise<ModelVersionRecord> => {
    assert.ok(bestCheckpoint);
    const version = await models.insertVersion({
      id: newId("modelVersion"),
      modelId: newId("model"),
      modelName: "flowers",
      description: "",
      runId: run.id,
      datasetVersionId: run.datasetVersionId,
      epoch: bestCheckpoint.epoch,
      checkpointSha256: bestCheckpoint.sha256,
      classNames: run.classNames,
      imageSizePixels: run.configuration.imageSizePixels,
      inputContract: inputContractOf({
        imageSizePixels: run.configuration.imageSizePixels,
        preprocessing: run.configuration.preprocessing,
        classCount: run.classNames.length,
      }),
      configuration: run.configuration,
      metrics: bestCheckpoint.metrics,
      parameterCount: 1,
      sizeBytes: 1,
      sha256: "00",
      idempotency: null,
    });
    assert.ok(version);
    return version;
  };
  const removing = async (digests: readonly string[]): Promise<void> => {
    await training.attempts.removePredictions(digests, (sha256) => keeper.remove(sha256));
  };
  return {
    training,
    blobs,
    runs,
    insert,
    launched: async () => {
      await training.launch();
      return startNext(training);
    },
    /** Ends an epoch whose validation accuracy is its number in percent. */
    async epoch(
      attempt: RunAttempt,
      number: number,
      { improved = true, sha256 = `${number}`, top1 = number / 100 } = {},
    ): Promise<NewEvaluation> {
      const evaluation = await evaluated(keeper, "VALIDATION", number, sha256);
      const outputs = { evaluation: improved ? evaluation : null, artifacts: [], sha256 };
      const figures = { number, validationTop1: top1 };
      const { predictions } = await finishEpoch(training, attempt, figures, improved, outputs);
      await removing(predictions);
      return evaluation;
    },
    /** Ends the run, whose best checkpoint is that of this epoch. */
    async end({ runId, attempt }: RunAttempt, best: number): Promise<void> {
      const evaluation = await evaluated(keeper, "TEST", best, `${best}`);
      const end = {
        from: "RUNNING",
        to: "SUCCEEDED",
        reason: "COMPLETED",
        detail: null,
        evaluation,
      } as const;
      await removing(await training.attempts.end({ runId, attempt }, end, new Date()));
    },
    async register(runId: string): Promise<ModelVersionRecord> {
      return insert((await runs.hold(runId)) ?? assert.fail());
    },
    async read({ id }: ModelVersionRecord): Promise<ModelVersionRecord> {
      return (await models.findVersions([id]))[0] ?? assert.fail();
    },
    async scoresOf(version: ModelVersionRecord) {
      const { validationEvaluationId, testEvaluationId } =
        (await models.findVersions([version.id]))[0] ?? version;
      const read = async (id: number | null) =>
        id === null ? null : ((await training.evaluations.find([id]))[0] ?? assert.fail());
      return { validation: await read(validationEvaluationId), test: await read(testEvaluationId) };
    },
    async scoresOfRun(runId: string): Promise<string[]> {
      return (await training.evaluations.ofRuns([runId])).map(({ split, epoch }) => `${split} ${epoch}`);
    },
    async [Symbol.asyncDispose]() {
      await training[Symbol.asyncDispose]();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

/** The evaluation of a checkpoint on one sample, with predictions that no other checkpoint has. */
function evaluated(
  keeper: PredictionsKeeper,
  split: EvaluatedSplit,
  epoch: number,
  checkpointSha256: string,
): Promise<NewEvaluation> {
  return keeper.keep(
    { split, epoch, checkpointSha256, classCount: 2 },
    {
      sampleCount: 1,
      ranks: 2,
      positions: Int32Array.of(split === "TEST" ? 4 : 3),
      labels: Int32Array.of(1),
      losses: Float32Array.of(epoch + checkpointSha256.length / 100),
      ranked: Int32Array.of(1, 0),
      probabilities: Float32Array.of(0.75, 0.25),
    },
  );
}
