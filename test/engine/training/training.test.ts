import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { epochsOfRun } from "../../testkit/epochs-of-run.js";
import { epochDone, finalDigest, follow, openTrainingWorld, runNow } from "./training-world.js";

test("a launched run trains to its end and reports every epoch", async () => {
  await using world = await openTrainingWorld();
  const { id } = await world.launchTiny();
  await using _trainer = await world.startTrainer();
  const events = await follow(world, id);

  const states = events.flatMap((event) => (event.kind === "RunStateChanged" ? [event.to] : []));
  assert.deepEqual(states, ["QUEUED", "PREPARING", "RUNNING", "SUCCEEDED"]);
  const durable = events.filter(({ kind }) => kind !== "TrainingProgress");
  assert.deepEqual(
    durable.map(({ sequence }) => sequence),
    durable.map((_event, index) => index + 1),
  );
  const epochs = events.flatMap((event) => (event.kind === "EpochCompleted" ? [event.epoch] : []));
  assert.deepEqual(
    epochs.map(({ number }) => number),
    [1, 2, 3, 4],
  );
  assert.deepEqual(await epochsOfRun(world.runs, id), epochs);
  const last = epochs.at(-1)!;
  assert.ok(last.trainLoss < epochs[0]!.trainLoss, "it learns");
  assert.equal(last.learningRate, 0.001);
  for (const { trainTop1, trainTop5, validationTop1, validationTop5, imagesPerSecond, seconds } of epochs) {
    for (const fraction of [trainTop1, validationTop1]) assert.ok(fraction >= 0 && fraction <= 1);
    // Both of the two classes are among the first five.
    assert.deepEqual([trainTop5, validationTop5], [1, 1]);
    assert.ok(imagesPerSecond > 0 && seconds > 0);
  }

  const run = await runNow(world, id);
  assert.deepEqual([run.state, run.endReason, run.attempt], ["SUCCEEDED", "COMPLETED", 1]);
  assert.ok(run.startedAt && run.endedAt && run.startedAt <= run.endedAt);
  assert.equal(run.environment?.threads, 1);
  assert.equal(run.environment?.precision, "FLOAT32");
  assert.match(run.environment?.tensorflowVersion ?? "", /^2\./);
});

test("exactly the best and the last two checkpoints are on the disk", async () => {
  await using world = await openTrainingWorld();
  const { id } = await world.launchTiny();
  await using _trainer = await world.startTrainer();
  await follow(world, id);
  const kept = (await world.runs.checkpoints([id])).get(id) ?? [];
  assert.equal(kept.at(-1)?.epoch, 4);
  assert.equal(kept.at(-1)?.step, 20);
  assert.equal(kept.filter(({ best }) => best).length, 1);
  const folders = await readdir(path.join(world.homeFolder, "runs", id, "checkpoints"));
  assert.deepEqual(
    folders.sort(),
    kept.map(({ epoch }) => `attempt-1-epoch-${epoch}`),
  );
});

test("a run that stops improving ends early and keeps its best epoch", async () => {
  await using world = await openTrainingWorld();
  const earlyStopping = { patience: 2, minDelta: 100 };
  const { id } = await world.launchTiny({ epochs: 50, earlyStopping, monitor: "VALIDATION_LOSS" });
  await using _trainer = await world.startTrainer();
  await follow(world, id);
  const run = await runNow(world, id);
  assert.deepEqual([run.state, run.endReason], ["SUCCEEDED", "EARLY_STOPPED"]);
  assert.match(run.endDetail ?? "", /2 epochs/);
  assert.equal((await epochsOfRun(world.runs, id)).length, 3);
  const kept = (await world.runs.checkpoints([id])).get(id) ?? [];
  assert.equal(kept.filter(({ best }) => best).length, 1);
});

test("two equal runs end with the same bytes, and another seed gives other bytes", async () => {
  await using world = await openTrainingWorld();
  const [first, second] = [await world.launchTiny(), await world.launchTiny()];
  const other = await world.launchTiny({ seed: 6 });
  await using _trainer = await world.startTrainer();
  for (const { id } of [first, second, other]) await follow(world, id);
  assert.equal(await finalDigest(world, first.id), await finalDigest(world, second.id));
  assert.notEqual(await finalDigest(world, first.id), await finalDigest(world, other.id));
  const [a, b] = [first, second].map(({ id }) => id);
  const epochs = await world.runs.epochsOf([a!, b!]);
  const figures = (id: string) =>
    epochs.get(id)?.map(({ trainLoss, validationLoss }) => [trainLoss, validationLoss]);
  assert.deepEqual(figures(a!), figures(b!));
});

test("waiting runs are trained one after another in the order of their launch", async () => {
  await using world = await openTrainingWorld();
  const first = await world.launchTiny({ epochs: 1 });
  await using _trainer = await world.startTrainer();
  const second = await world.launchTiny({ epochs: 1 });
  await Promise.all([follow(world, first.id), follow(world, second.id)]);
  const [a, b] = [await runNow(world, first.id), await runNow(world, second.id)];
  assert.ok(a.endedAt! <= b.startedAt!);
});

test("a cancelled run stops at its next step, keeps its checkpoints, and lets the next run begin", async () => {
  await using world = await openTrainingWorld();
  const { id } = await world.launchTiny({ epochs: 10_000 });
  await using trainer = await world.startTrainer();
  await follow(world, id, epochDone(1));
  assert.equal(trainer.currentRunId, id);
  await world.control.cancel(id);
  await follow(world, id);
  const run = await runNow(world, id);
  assert.deepEqual([run.state, run.endReason], ["CANCELLED", "CANCELLED"]);
  const kept = (await world.runs.checkpoints([id])).get(id) ?? [];
  assert.ok(kept.some(({ best }) => best));
  const folders = await readdir(path.join(world.homeFolder, "runs", id, "checkpoints"));
  const named = (await world.attempts.checkpoints(id)).map(({ folder }) => folder);
  assert.deepEqual(folders.sort(), named.toSorted());

  const next = await world.launchTiny({ epochs: 1 });
  await follow(world, next.id);
  assert.equal((await runNow(world, next.id)).state, "SUCCEEDED");
});

test("a batch in three micro-batches gives the same training as a whole batch, except for rounding", async () => {
  await using world = await openTrainingWorld();
  // Dropout included: a micro-batch draws the same numbers as its samples in the whole batch.
  const whole = await world.launchTiny({ epochs: 3 });
  const parts = await world.launchTiny({ epochs: 3, accumulationSteps: 3 });
  const other = await world.launchTiny({ epochs: 3, batchSize: 4 });
  await using _trainer = await world.startTrainer();
  for (const { id } of [whole, parts, other]) await follow(world, id);
  assert.equal((await runNow(world, whole.id)).environment?.partSize, 10);
  assert.equal((await runNow(world, parts.id)).environment?.partSize, 4);
  const epochs = await world.runs.epochsOf([whole.id, parts.id, other.id]);
  const losses = ({ id }: { id: string }) =>
    epochs.get(id)!.flatMap(({ trainLoss, validationLoss }) => [trainLoss, validationLoss]);
  const greatest = (a: number[], b: number[]) =>
    Math.max(...a.map((loss, place) => Math.abs(loss - b[place]!)));
  assert.ok(greatest(losses(whole), losses(parts)) < 1e-4, `${losses(whole)} / ${losses(parts)}`);
  assert.ok(greatest(losses(whole), losses(other)) > 1e-3, "batches of four train differently");
  const counts = ({ id }: { id: string }) =>
    epochs.get(id)!.map(({ learningRate, trainTop5 }) => [learningRate, trainTop5]);
  assert.deepEqual(counts(whole), counts(parts));
  const [last] = (await world.runs.checkpoints([parts.id])).get(parts.id)!.slice(-1);
  assert.equal(last?.step, 15);
});

test("the test split is evaluated with the weights of the best epoch, not of the last", async () => {
  await using world = await openTrainingWorld();
  // The run ends with the first epoch without a gain, so its last epoch is not its best.
  const stopped = await world.launchTiny({ epochs: 50, earlyStopping: { patience: 1 } });
  await using _trainer = await world.startTrainer();
  await follow(world, stopped.id);
  assert.equal((await runNow(world, stopped.id)).endReason, "EARLY_STOPPED");
  const [best] = (await world.runs.checkpoints([stopped.id])).get(stopped.id)!.filter((kept) => kept.best);
  const ended = await world.launchTiny({ epochs: best!.epoch });
  await follow(world, ended.id);
  const testOf = async (id: string) => {
    const tests = (await world.evaluations.ofRuns([id])).filter(({ split }) => split === "TEST");
    return tests.map(({ id: _, runId, ...evaluation }) => evaluation);
  };
  assert.equal((await testOf(stopped.id)).length, 1);
  assert.deepEqual(await testOf(stopped.id), await testOf(ended.id));
});

test("every epoch augments the images differently", async () => {
  await using world = await openTrainingWorld();
  // The weights do not change, so only the images can change the loss.
  const still = {
    epochs: 3,
    head: { units: 16, dropout: 0 },
    learningRate: { constant: { initial: 1e-30 } },
  };
  const plain = await world.launchTiny(still);
  const augmented = await world.launchTiny({ ...still, augmentation: { brightness: 0.9 } });
  await using _trainer = await world.startTrainer();
  for (const { id } of [plain, augmented]) await follow(world, id);
  const epochs = await world.runs.epochsOf([plain.id, augmented.id]);
  const changes = ({ id }: { id: string }) => {
    const [first, ...later] = epochs.get(id)!.map(({ trainLoss }) => trainLoss);
    return later.map((loss) => Math.abs(loss - first!));
  };
  assert.ok(Math.max(...changes(plain)) < 1e-6, `${changes(plain)}`);
  assert.ok(Math.min(...changes(augmented)) > 1e-5, `${changes(augmented)}`);
});
