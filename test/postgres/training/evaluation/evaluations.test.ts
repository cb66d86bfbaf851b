import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { type ConfusionMatrix, countConfusion } from "../../../../src/core/confusion-matrix.js";
import { FolderBlobStore } from "../../../../src/data/blobs/folder-blob-store.js";
import { RunComparer } from "../../../../src/training/comparison/comparison.js";
import { DisagreementFinder } from "../../../../src/training/comparison/disagreement-finder.js";
import type {
  EvaluatedSplit,
  NewEvaluation,
} from "../../../../src/training/evaluation/evaluation-records.js";
import type { Predictions } from "../../../../src/training/evaluation/predictions.js";
import { PredictionsKeeper } from "../../../../src/training/evaluation/predictions-keeper.js";
import { Artifacts } from "../../../../src/training/record/artifacts.js";
import { assertPages } from "../../../testkit/api/page-walk.js";
import { temporaryFolder } from "../../../testkit/temporary-folder.js";
import {
  finishEpoch,
  insertVersion,
  leaseOf,
  loseAll,
  openTraining,
  startNext,
  type Training,
} from "../training-stores.js";

test("the evaluation of a better epoch replaces the earlier one, whose predictions are returned for removal", async () => {
  await using world = await openEvaluating();
  const { training, keeper } = world;
  await insertVersion(training.database);
  const { id } = await training.launch();
  const attempt = await startNext(training);

  const first = await keeper.keep(checkpointOf("VALIDATION", 1), predicting([0, 0, 1]));
  const kept = await finishEpoch(training, attempt, { number: 1 }, true, recorded(first));
  assert.deepEqual(kept.predictions, []);
  const [recordedFirst] = await training.evaluations.ofRuns([id]);
  assert.deepEqual(await training.evaluations.ofRuns([id]), [
    {
      id: recordedFirst?.id,
      runId: id,
      split: "VALIDATION",
      epoch: 1,
      sampleCount: 3,
      loss: 0.5,
      top1: 2 / 3,
      top5: 1,
      expectedCalibrationError: first.expectedCalibrationError,
      predictionsSha256: first.predictionsSha256,
    },
  ]);
  assert.deepEqual(await validationConfusion(training, id), {
    cells: Int32Array.of(0, 0, 1, 1, 0, 1, 1, 1, 1),
  });

  const better = await keeper.keep(checkpointOf("VALIDATION", 2), predicting([1, 0, 1]));
  const { predictions } = await finishEpoch(training, attempt, { number: 2 }, true, recorded(better));
  assert.deepEqual(predictions, [first.predictionsSha256]);
  await keeper.remove(first.predictionsSha256);
  assert.deepEqual(
    (await training.evaluations.ofRuns([id])).map(({ epoch, top1 }) => [epoch, top1]),
    [[2, 1]],
  );
  assert.deepEqual(await validationConfusion(training, id), {
    cells: Int32Array.of(1, 1, 2, 0, 0, 1),
  });
  assert.deepEqual(await training.artifacts.ofRuns([id]), [
    {
      runId: id,
      name: "predictions-validation.npy",
      sizeBytes: better.predictionsSizeBytes,
      sha256: better.predictionsSha256,
    },
  ]);
  assert.deepEqual(
    [await world.blobs.has(first.predictionsSha256), await world.blobs.has(better.predictionsSha256)],
    [false, true],
  );
});

test("predictions that two runs share are removed with the last of them", async () => {
  await using world = await openEvaluating();
  const { training, keeper, blobs } = world;
  await insertVersion(training.database);
  const shared = predicting([0, 0, 1]);
  const better = predicting([0, 1, 1]);
  const attempts = [];
  for (let run = 0; run < 2; run++) {
    await training.launch();
    const attempt = await startNext(training);
    const evaluation = await keeper.keep(checkpointOf("VALIDATION", 1), shared);
    await finishEpoch(training, attempt, { number: 1 }, true, recorded(evaluation));
    attempts.push(attempt);
  }
  for (const [index, attempt] of attempts.entries()) {
    const evaluation = await keeper.keep(checkpointOf("VALIDATION", 2), better);
    const replaced = await finishEpoch(training, attempt, { number: 2 }, true, recorded(evaluation));
    const [sha256 = "", ...others] = replaced.predictions;
    assert.deepEqual(others, []);
    await training.evaluations.removeUnnamed(sha256, (unnamed) => keeper.remove(unnamed));
    assert.equal(await blobs.has(sha256), index === 0);
  }
});

test("predictions are kept when another worker removes them while they are recorded", async () => {
  await using world = await openEvaluating();
  const { training, keeper, blobs } = world;
  await insertVersion(training.database);
  await training.launch();
  const attempt = await startNext(training);
  const predictions = predicting([0, 0, 1]);
  const evaluation = await keeper.keep(checkpointOf("VALIDATION", 1), predictions);
  const { predictionsSha256 } = evaluation;
  const removing = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const removed = training.evaluations.removeUnnamed(predictionsSha256, async (unnamed) => {
    removing.resolve();
    await goOn.promise;
    await keeper.remove(unnamed);
  });
  await removing.promise;
  const finished = finishEpoch(training, attempt, { number: 1 }, true, recorded(evaluation));
  goOn.resolve();
  await Promise.all([removed, finished]);
  await keeper.ensureKept(evaluation, predictions);
  assert.ok(await blobs.has(predictionsSha256));
  await training.evaluations.removeUnnamed(predictionsSha256, (unnamed) => keeper.remove(unnamed));
  assert.ok(await blobs.has(predictionsSha256));
});

test("continuing from an epoch before the best deletes the evaluation of the best epoch and its file", async () => {
  await using world = await openEvaluating();
  const { training, keeper } = world;
  await insertVersion(training.database);
  const { id } = await training.launch();
  const attempt = await startNext(training);
  for (const number of [1, 2]) {
    const evaluation = await keeper.keep(checkpointOf("VALIDATION", number), predicting([0, number - 1, 1]));
    await finishEpoch(training, attempt, { number }, true, recorded(evaluation));
  }
  const log = { name: "events", sizeBytes: 9, sha256: "e", file: "tensorboard/events" };
  const goOnFrom = async (epoch: number): Promise<void> => {
    const [stopped] = await loseAll(training);
    assert.equal(stopped?.runId, id);
    const run = await training.queue.claim(leaseOf(), new Date());
    await training.attempts.start(
      { runId: id, attempt: run?.attempt ?? 0 },
      { epoch, step: epoch * 2, stepsPerEpoch: 2, warnings: [] },
      new Date(),
      [log],
    );
  };
  await goOnFrom(2);
  assert.equal((await training.evaluations.ofRuns([id]))[0]?.epoch, 2);
  await goOnFrom(1);
  assert.deepEqual(await training.evaluations.ofRuns([id]), []);
  assert.equal(await validationConfusion(training, id), null);
  assert.deepEqual(
    (await training.artifacts.ofRuns([id])).map(({ name }) => name),
    ["events"],
  );
});

test("a confusion matrix of 12,000 classes is read back unchanged", async () => {
  await using world = await openEvaluating();
  const { training, keeper } = world;
  await insertVersion(training.database);
  const { id } = await training.launch();
  const attempt = await startNext(training);
  const evaluation = {
    ...(await keeper.keep(checkpointOf("VALIDATION", 1), predicting([0, 0, 1]))),
    confusion: countConfusion(
      Int32Array.from({ length: 50_000 }, (_label, sample) => sample % 12_000),
      Int32Array.from({ length: 50_000 }, (_class, sample) => 11_999 - ((sample * 7) % 12_000)),
      12_000,
    ),
  };
  await finishEpoch(training, attempt, { number: 1 }, true, recorded(evaluation));
  assert.equal(evaluation.confusion.cells.length, 3 * 12_000);
  assert.deepEqual(await validationConfusion(training, id), evaluation.confusion);
});

test("the images on which two runs disagree are listed in pages, with the prediction of each run", async () => {
  await using world = await openEvaluating();
  const { training, finder } = world;
  await insertVersion(training.database, {
    splits: ["TRAIN", "VALIDATION", "VALIDATION", "VALIDATION", "VALIDATION"],
  });
  // True classes of the positions 1 to 4: rose, daisy, rose, daisy.
  const first = await evaluatedRun(world, "VALIDATION", [1, 1, 0, 0]);
  const second = await evaluatedRun(world, "VALIDATION", [0, 0, 0, 1]);
  const runs = await training.runs.find([first, second]);
  const inOrder = [first, second].map((id) => runs.find((run) => run.id === id) ?? assert.fail());

  const page = await finder.list(inOrder, "VALIDATION", { first: 2, after: null });
  assert.deepEqual([await page.totalCount(), await page.hasNextPage()], [3, true]);
  const rest = await finder.list(inOrder, "VALIDATION", {
    first: 2,
    after: page.items.at(-1)?.cursor ?? null,
  });
  assert.deepEqual([await rest.totalCount(), await rest.hasNextPage()], [3, false]);
  assert.deepEqual(
    [...page.items, ...rest.items].map(({ node }) => [
      node.sample.position,
      node.sample.className,
      ...node.predictions.map(({ label, probability }) => `${label} ${probability}`),
    ]),
    [
      [1, "rose", "rose 0.75", "daisy 0.75"],
      [2, "daisy", "rose 0.75", "daisy 0.75"],
      [4, "daisy", "daisy 0.75", "rose 0.75"],
    ],
  );
  await assertPages(
    (request) => finder.list(inOrder, "VALIDATION", request),
    [...page.items, ...rest.items].map(({ node }) => node),
  );
  await assert.rejects(finder.list(inOrder, "VALIDATION", { first: 2, after: "zzz" }), {
    code: "CURSOR_INVALID",
  });
});

test("the error for runs whose disagreements cannot be listed says what is missing", async () => {
  await using world = await openEvaluating();
  const { training, finder } = world;
  await insertVersion(training.database, { splits: ["TRAIN", "VALIDATION"] });
  const first = await evaluatedRun(world, "VALIDATION", [1]);
  const second = await evaluatedRun(world, "VALIDATION", [0]);
  const { id: fresh } = await training.launch();
  await insertVersion(training.database);
  const { id: elsewhere } = await training.launch();
  const refused = async (ids: readonly string[], split: "TRAIN" | "VALIDATION" | "TEST", why: RegExp) => {
    const runs = await training.runs.find(ids);
    await assert.rejects(finder.list(runs, split, { first: 1, after: null }), (error: Error) => {
      assert.equal("code" in error && error.code, "COMPARISON_INVALID");
      assert.match(error.message, why);
      return true;
    });
  };
  await refused([first, second, fresh], "VALIDATION", /exactly 2 runs. Received 3/);
  await refused([first, elsewhere], "VALIDATION", /same dataset version/);
  await refused([first, fresh], "VALIDATION", /first epoch/);
  await refused([first, second], "TEST", /succeeds/);
  await refused([first, second], "TRAIN", /No run is/);
});

test("classes are compared by the runs' F1 on the validation split", async () => {
  await using world = await openEvaluating();
  const { training } = world;
  await insertVersion(training.database, { splits: ["TRAIN", "VALIDATION", "VALIDATION"] });
  const first = await evaluatedRun(world, "VALIDATION", [1, 0]);
  const second = await evaluatedRun(world, "VALIDATION", [1, 1]);
  const { id: fresh } = await training.launch();
  const runs = await training.runs.find([first, second, fresh]);
  const inOrder = [first, second, fresh].map((id) => runs.find((run) => run.id === id) ?? assert.fail());
  const comparer = new RunComparer(training.runs, training.datasets, training.evaluations);
  assert.deepEqual(await comparer.compareClasses(inOrder), [
    { name: "daisy", f1: [1, 0, null] },
    { name: "rose", f1: [1, 2 / 3, null] },
  ]);
});

test("an artifact is opened by the id of its run and its own name only", async () => {
  await using world = await openEvaluating();
  await insertVersion(world.training.database, { splits: ["TRAIN", "VALIDATION"] });
  const run = await evaluatedRun(world, "VALIDATION", [1]);
  const artifacts = new Artifacts(world.training.artifacts, world.blobs, world.folder);
  const { file, sizeBytes, sha256 } = await artifacts.open(run, "predictions-validation.npy");
  await file.close();
  assert.equal((await readFile(world.blobs.pathOf(sha256))).length, sizeBytes);
  for (const [runId, name] of [
    [run, "predictions-test.npy"],
    ["run_00000000000000000000000000", "predictions-validation.npy"],
    [run, "../../secret"],
    [`${run}\0`, "predictions-validation.npy"],
    [run, "predictions-validation.npy\0"],
  ] as const) {
    await assert.rejects(artifacts.open(runId, name), { code: "ARTIFACT_NOT_FOUND" });
  }
  await world.blobs.remove(sha256);
  await assert.rejects(artifacts.open(run, "predictions-validation.npy"), { code: "ARTIFACT_NOT_FOUND" });
});

interface Evaluating extends AsyncDisposable {
  readonly folder: string;
  readonly training: Training;
  readonly blobs: FolderBlobStore;
  readonly keeper: PredictionsKeeper;
  readonly finder: DisagreementFinder;
}

async function openEvaluating(): Promise<Evaluating> {
  const temporary = await temporaryFolder();
  const training = await openTraining();
  const blobs = new FolderBlobStore(temporary.folder);
  return {
    folder: temporary.folder,
    training,
    blobs,
    keeper: new PredictionsKeeper(blobs),
    finder: new DisagreementFinder(training.evaluations, training.datasets, blobs),
    async [Symbol.asyncDispose]() {
      await training[Symbol.asyncDispose]();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

/** A run whose first epoch took the samples from position 1 on for these classes. @returns its id */
async function evaluatedRun(
  { training, keeper }: Evaluating,
  split: EvaluatedSplit,
  classes: readonly number[],
): Promise<string> {
  const { id } = await training.launch();
  const attempt = await startNext(training);
  const evaluation = await keeper.keep(checkpointOf(split, 1), predicting(classes));
  await finishEpoch(training, attempt, { number: 1 }, true, recorded(evaluation));
  return id;
}

/** Predictions for samples from position 1 on, whose true class is 1 at odd positions and 0 at even ones. */
function predicting(classes: readonly number[]): Predictions {
  return {
    sampleCount: classes.length,
    ranks: 2,
    positions: Int32Array.from(classes, (_class, index) => index + 1),
    labels: Int32Array.from(classes, (_class, index) => (index + 1) % 2),
    losses: new Float32Array(classes.length).fill(0.5),
    ranked: Int32Array.from(classes.flatMap((likeliest) => [likeliest, 1 - likeliest])),
    probabilities: Float32Array.from(classes.flatMap(() => [0.75, 0.25])),
  };
}

/** A checkpoint that `finishEpoch` saves. */
function checkpointOf(split: EvaluatedSplit, epoch: number) {
  return { split, epoch, checkpointSha256: `${epoch}`, classCount: 2 };
}

async function validationConfusion(
  { evaluations }: Training,
  runId: string,
): Promise<ConfusionMatrix | null> {
  const validation = (await evaluations.ofRuns([runId])).find(({ split }) => split === "VALIDATION");
  return validation === undefined ? null : evaluations.confusion(validation.id);
}

function recorded(evaluation: NewEvaluation) {
  return { evaluation, artifacts: [] };
}
