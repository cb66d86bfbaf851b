import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import sharp from "sharp";
import type { EvaluationRecord } from "../../../src/training/evaluation/evaluation-records.js";
import { decodePredictions } from "../../../src/training/evaluation/predictions-file.js";
import { epochsOfRun } from "../../testkit/epochs-of-run.js";
import { readSummaries, type SummaryRead } from "../../testkit/files/tensorboard-events.js";
import { rawSql } from "../../testkit/postgres/raw-sql.js";
import { blobsOf } from "./drawn-images.js";
import {
  checkpointFolders,
  epochDone,
  follow,
  openTrainingWorld,
  runNow,
  type TrainingWorld,
} from "./training-world.js";

const EPOCHS = 11;
const AUGMENTED = { epochs: EPOCHS, augmentation: { horizontalFlip: true, brightness: 0.2 } };

test("a run stores the predictions of its best checkpoint for every validation and test image", async () => {
  await using world = await openTrainingWorld();
  const { id } = await world.launchTiny();
  await using _trainer = await world.startTrainer();
  await follow(world, id);

  const evaluations = await world.evaluations.ofRuns([id]);
  assert.deepEqual(
    evaluations.map(({ split, sampleCount }) => [split, sampleCount]),
    [
      ["VALIDATION", 10],
      ["TEST", 12],
    ],
  );
  const best = (await world.runs.checkpoints([id])).get(id)?.find((checkpoint) => checkpoint.best);
  const epoch = (await epochsOfRun(world.runs, id))[(best?.epoch ?? 0) - 1];
  const [validation] = evaluations;
  assert.deepEqual(
    [validation?.epoch, validation?.loss, validation?.top1],
    [best?.epoch, epoch?.validationLoss, epoch?.validationTop1],
  );
  for (const { split, predictionsSha256, top1, sampleCount } of evaluations) {
    const predictions = decodePredictions(
      await readFile(blobsOf(world.homeFolder).pathOf(predictionsSha256)),
    );
    assert.deepEqual([predictions.sampleCount, predictions.ranks], [sampleCount, 2]);
    // Images at even positions are blue, which is class 0.
    assert.deepEqual(
      [...predictions.labels],
      [...predictions.positions].map((position) => position % 2),
    );
    assert.ok(predictions.positions.every((position) => position >= 60 === (split === "TEST")));
    const right = predictions.labels.filter((label, sample) => predictions.ranked[2 * sample] === label);
    assert.equal(top1, right.length / sampleCount);
  }
});

test("a run whose process was killed ends with the evaluations and summaries of an uninterrupted one", async () => {
  await using world = await openTrainingWorld();
  const { id: whole } = await world.launchTiny(AUGMENTED);
  {
    await using _trainer = await world.startTrainer();
    await follow(world, whole);
  }
  const { id: killed } = await world.launchTiny(AUGMENTED);
  {
    await using _child = world.startTrainerInChild();
    await follow(world, killed, epochDone(3));
  }
  await using _trainer = await world.startTrainer();
  await follow(world, killed);
  assert.equal((await runNow(world, killed)).attempt, 2);

  const rows = async (id: string): Promise<Omit<EvaluationRecord, "id" | "runId">[]> =>
    (await world.evaluations.ofRuns([id])).map(({ id: _, runId, ...evaluation }) => evaluation);
  assert.deepEqual(await rows(killed), await rows(whole));
  const summaries = await summariesOf(world, whole);
  assert.deepEqual(repeatable(await summariesOf(world, killed)), repeatable(summaries));
  const losses = summaries.filter(({ tag }) => tag === "train/loss").map(({ step }) => step);
  assert.deepEqual(
    losses,
    Array.from({ length: EPOCHS }, (_epoch, index) => 5 * (index + 1)),
  );
  const imageSteps = summaries.filter(({ tag }) => tag === "pictures/7").map(({ step }) => step);
  assert.deepEqual(imageSteps, [5, 50]);
});

test("images without augmentation are written once, with the first epoch", async () => {
  await using world = await openTrainingWorld();
  const { id } = await world.launchTiny({ epochs: 10 });
  await using _trainer = await world.startTrainer();
  await follow(world, id);
  const images = (await summariesOf(world, id)).filter(({ image }) => image !== undefined);
  assert.deepEqual(
    images.map(({ step }) => step),
    Array(8).fill(5),
  );
});

test("a run that trains on cached features is evaluated, and writes its images, like any other run", async () => {
  await using world = await openTrainingWorld();
  const { id } = await world.launchTiny({ epochs: 1, frozenBlocks: 5 });
  await using _trainer = await world.startTrainer();
  await follow(world, id);
  assert.deepEqual(
    (await world.evaluations.ofRuns([id])).map(({ split, sampleCount }) => [split, sampleCount]),
    [
      ["VALIDATION", 10],
      ["TEST", 12],
    ],
  );
  const summaries = await summariesOf(world, id);
  const { width, height } = await sharp(summaries.find(({ tag }) => tag === "pictures/0")?.image).metadata();
  assert.deepEqual([width, height], [32, 32]);
  // The histograms contain all weights, frozen or not.
  assert.ok(summaries.some(({ tag }) => tag === "block1_conv1/kernel"));
});

test("a cancelled run is not evaluated on the test split", async () => {
  await using world = await openTrainingWorld();
  const { id } = await world.launchTiny({ epochs: 10_000 });
  await using _trainer = await world.startTrainer();
  await follow(world, id, epochDone(1));
  await world.control.cancel(id);
  await follow(world, id);
  assert.deepEqual(
    (await world.evaluations.ofRuns([id])).map(({ split }) => split),
    ["VALIDATION"],
  );
});

test("a run without test images ends without an evaluation on the test split", async () => {
  await using world = await openTrainingWorld();
  await rawSql(world.database, `update sample set split = 'TRAIN' where split = 'TEST'`);
  const { id } = await world.launchTiny({ epochs: 1 });
  await using _trainer = await world.startTrainer();
  await follow(world, id);
  assert.equal((await runNow(world, id)).state, "SUCCEEDED");
  assert.deepEqual(
    (await world.evaluations.ofRuns([id])).map(({ split }) => split),
    ["VALIDATION"],
  );
});

test("a run whose best checkpoint is damaged succeeds, with a warning that it was not tested", async () => {
  await using world = await openTrainingWorld();
  const { id } = await world.launchTiny({ epochs: 6 });
  {
    await using _trainer = await world.startTrainer();
    await follow(world, id, epochDone(5));
  }
  const kept = (await world.runs.checkpoints([id])).get(id) ?? [];
  // Only the best checkpoint is damaged: the run continues from the last one.
  await rawSql(world.database, `update checkpoint set best = (epoch = $2) where run_id = $1`, [
    id,
    kept.at(0)?.epoch,
  ]);
  assert.ok(kept.length > 1, "the best is another than the last");
  const [folder = ""] = (await checkpointFolders(world, id)).slice(-1);
  await writeFile(path.join(folder, "variables.data-00000-of-00001"), "not weights");
  await using _trainer = await world.startTrainer();
  const events = await follow(world, id);
  assert.equal((await runNow(world, id)).state, "SUCCEEDED");
  const warnings = events.flatMap((event) => (event.kind === "RunWarning" ? [event] : []));
  assert.equal(warnings.at(-1)?.code, "CHECKPOINT_DAMAGED");
  assert.match(warnings.at(-1)?.message ?? "", /test split/);
});

async function summariesOf(world: TrainingWorld, id: string): Promise<readonly SummaryRead[]> {
  const artifact = (await world.artifacts.ofRuns([id])).find(({ name }) => name.startsWith("events"));
  const stored = await world.artifacts.find(id, artifact?.name ?? "");
  return readSummaries(path.join(world.homeFolder, "runs", id, stored?.file ?? ""));
}

/** The events without the parts that differ between two runs. */
function repeatable(summaries: readonly SummaryRead[]): readonly SummaryRead[] {
  return summaries.filter(({ tag }) => tag !== "images_per_second");
}
