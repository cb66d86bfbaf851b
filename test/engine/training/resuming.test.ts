import assert from "node:assert/strict";
import { truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import type { RunConfigurationInput } from "../../../src/core/runs/configuration.js";
import { epochsOfRun } from "../../testkit/epochs-of-run.js";
import {
  checkpointFolders,
  epochDone,
  finalDigest,
  follow,
  openTrainingWorld,
  runNow,
  SLOW,
  type TrainingWorld,
} from "./training-world.js";

const LONGER = { epochs: 8 };

/** Every setting that is random, keeps state or depends on the step. */
const EVERYTHING: RunConfigurationInput = {
  ...LONGER,
  batchNormalization: true,
  batchSize: 8,
  accumulationSteps: 3,
  augmentation: { horizontalFlip: true, rotationDegrees: 20, widthShift: 0.1, zoom: 0.1, brightness: 0.3 },
  optimizer: { adamW: {} },
  learningRate: { exponentialDecay: { initial: 0.003, decayEpochs: 2, decayRate: 0.7, warmupEpochs: 1.5 } },
  weightDecay: 0.01,
  gradientClipNorm: 0.5,
  labelSmoothing: 0.1,
  classWeights: { weights: [1, 2] },
  precision: "MIXED_BFLOAT16",
};

/** The digest with which the same run ends when it is not interrupted. */
async function uninterrupted(
  world: TrainingWorld,
  configuration: RunConfigurationInput = LONGER,
): Promise<string> {
  const { id } = await world.launchTiny(configuration);
  await using _trainer = await world.startTrainer();
  await follow(world, id);
  return finalDigest(world, id);
}

/** Trains in a process that is killed after the given number of epochs. */
async function killAfter(world: TrainingWorld, id: string, epochs: number): Promise<void> {
  await using _child = world.startTrainerInChild();
  await follow(world, id, epochDone(epochs));
}

test("a run whose process was killed ends with the bytes of an uninterrupted one", async () => {
  await using world = await openTrainingWorld();
  const expected = await uninterrupted(world);

  const { id } = await world.launchTiny(LONGER);
  await killAfter(world, id, 3);
  assert.equal((await runNow(world, id)).state, "RUNNING");

  await using _trainer = await world.startTrainer();
  const events = await follow(world, id);
  const run = await runNow(world, id);
  assert.deepEqual([run.state, run.endReason, run.attempt], ["SUCCEEDED", "COMPLETED", 2]);
  assert.equal(await finalDigest(world, id), expected);
  const states = events.flatMap((event) => (event.kind === "RunStateChanged" ? [event.to] : []));
  assert.deepEqual(states, [
    ...["QUEUED", "PREPARING", "RUNNING", "INTERRUPTED"],
    ...["QUEUED", "PREPARING", "RUNNING", "SUCCEEDED"],
  ]);
  const epochs = await epochsOfRun(world.runs, id);
  assert.deepEqual(
    epochs.map(({ number }) => number),
    [1, 2, 3, 4, 5, 6, 7, 8],
  );
  const { points } = await world.metrics.history(id, "train.loss", 100);
  assert.deepEqual(
    points.map(({ step }) => step),
    [5, 10, 15, 20, 25, 30, 35, 40],
  );
});

test("a killed run with augmentation, accumulation, smoothing, weights, clipping and decay in bfloat16 ends with the same bytes", async () => {
  await using world = await openTrainingWorld();
  const expected = await uninterrupted(world, EVERYTHING);
  const { id } = await world.launchTiny(EVERYTHING);
  await killAfter(world, id, 2);
  await using _trainer = await world.startTrainer();
  await follow(world, id);
  const run = await runNow(world, id);
  assert.deepEqual([run.state, run.attempt], ["SUCCEEDED", 2]);
  assert.equal(await finalDigest(world, id), expected);
});

/** The epochs of a run without their durations. */
async function figures(world: TrainingWorld, id: string): Promise<unknown> {
  const epochs = await epochsOfRun(world.runs, id);
  const { points } = await world.metrics.history(id, "batch.loss", 10_000);
  return [
    epochs.map(({ imagesPerSecond, seconds, ...epoch }) => epoch),
    points.map(({ step, value }) => [step, value]),
  ];
}

test("a run that was killed inside an epoch continues from a checkpoint inside it and ends with the same bytes", async () => {
  await using world = await openTrainingWorld();
  const configuration = {
    ...SLOW,
    epochs: 3,
    checkpointEveryMinutes: 0.01,
    augmentation: { horizontalFlip: true },
  };
  const expected = await world.launchTiny(configuration);
  {
    await using _trainer = await world.startTrainer();
    await follow(world, expected.id);
  }
  const { id } = await world.launchTiny(configuration);
  {
    await using _child = world.startTrainerInChild();
    await follow(world, id, (event) => event.kind === "CheckpointSaved" && event.checkpoint.step % 50 !== 0);
  }
  const [inside] = await world.attempts.checkpoints(id);
  assert.ok(inside?.position && inside.position.steps > 0 && inside.position.steps < 50);
  await using _trainer = await world.startTrainer();
  const events = await follow(world, id);
  const resumed = events.flatMap((event) => (event.kind === "RunWarning" ? [event.message] : []));
  assert.match(resumed.join(), /^Continues from the checkpoint of epoch \d at step \d+\.$/);
  assert.equal(await finalDigest(world, id), await finalDigest(world, expected.id));
  assert.deepEqual(await figures(world, id), await figures(world, expected.id));
});

test("a run that is paused inside an epoch releases its device, and continues where it stopped", async () => {
  await using world = await openTrainingWorld();
  const configuration = { ...SLOW, epochs: 3 };
  const [expected, run, other] = [
    await world.launchTiny(configuration),
    await world.launchTiny(configuration),
    await world.launchTiny({ epochs: 1 }),
  ];
  await using _trainer = await world.startTrainer();
  await follow(world, expected.id);
  await follow(world, run.id, ({ kind }) => kind === "TrainingProgress");
  await world.control.pause(run.id);
  await follow(world, other.id);
  const paused = await runNow(world, run.id);
  assert.deepEqual([paused.state, paused.endedAt], ["PAUSED", null]);
  const [saved] = await world.attempts.checkpoints(run.id);
  assert.ok(saved?.position && saved.position.steps > 0);
  await world.control.resume(run.id);
  await follow(world, run.id);
  assert.equal((await runNow(world, run.id)).state, "SUCCEEDED");
  assert.equal(await finalDigest(world, run.id), await finalDigest(world, expected.id));
  assert.deepEqual(await figures(world, run.id), await figures(world, expected.id));
});

test("an extended run, and a cancelled and retried one, end with the same bytes as longer runs", async () => {
  await using world = await openTrainingWorld();
  const expected = await uninterrupted(world);
  await using _trainer = await world.startTrainer();
  const short = await world.launchTiny({ epochs: 3 });
  await follow(world, short.id);
  await world.control.extend(short.id, 8);
  await follow(world, short.id);
  const extended = await runNow(world, short.id);
  assert.deepEqual([extended.state, extended.endReason], ["SUCCEEDED", "COMPLETED"]);
  assert.equal(await finalDigest(world, short.id), expected);

  const { id } = await world.launchTiny(LONGER);
  await follow(world, id, epochDone(2));
  await world.control.cancel(id);
  await follow(world, id);
  assert.equal((await runNow(world, id)).state, "CANCELLED");
  await world.control.retry(id);
  await follow(world, id);
  assert.equal((await runNow(world, id)).state, "SUCCEEDED");
  assert.equal(await finalDigest(world, id), expected);
});

test("a run survives a stop of the server inside an epoch", async () => {
  await using world = await openTrainingWorld();
  const expected = await uninterrupted(world);
  const { id } = await world.launchTiny(LONGER);
  for (const stopAfter of [2, 5]) {
    await using _trainer = await world.startTrainer();
    await follow(world, id, epochDone(stopAfter));
  }
  const stopped = await runNow(world, id);
  assert.deepEqual([stopped.state, stopped.attempt, stopped.progress], ["QUEUED", 3, null]);
  await using _trainer = await world.startTrainer();
  await follow(world, id);
  assert.equal((await runNow(world, id)).state, "SUCCEEDED");
  assert.equal(await finalDigest(world, id), expected);
});

test("a run whose newest checkpoint is damaged continues from the one before, and ends with the same bytes", async () => {
  await using world = await openTrainingWorld();
  const expected = await uninterrupted(world);
  const { id } = await world.launchTiny(LONGER);
  {
    await using _trainer = await world.startTrainer();
    await follow(world, id, epochDone(3));
  }
  const [newest = ""] = await checkpointFolders(world, id);
  await truncate(path.join(newest, "variables.data-00000-of-00001"), 1_000);
  await using _trainer = await world.startTrainer();
  const events = await follow(world, id);
  const warnings = events.flatMap((event) => (event.kind === "RunWarning" ? [event] : []));
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ["CHECKPOINT_DAMAGED", "RESUMED"],
  );
  assert.equal(await finalDigest(world, id), expected);
});

test("a run with damaged checkpoints warns, continues from the remaining ones, and ends with the same bytes", async () => {
  await using world = await openTrainingWorld();
  const expected = await uninterrupted(world);
  const { id } = await world.launchTiny(LONGER);
  {
    await using _trainer = await world.startTrainer();
    await follow(world, id, epochDone(3));
  }
  for (const folder of await checkpointFolders(world, id)) {
    await writeFile(path.join(folder, "variables.data-00000-of-00001"), "not weights");
  }
  await using _trainer = await world.startTrainer();
  const events = await follow(world, id);
  const warnings = events.flatMap((event) => (event.kind === "RunWarning" ? [event.code] : []));
  assert.ok(warnings.length > 0 && warnings.every((code) => code === "CHECKPOINT_DAMAGED"), warnings.join());
  assert.equal((await runNow(world, id)).state, "SUCCEEDED");
  assert.equal(await finalDigest(world, id), expected);
});
