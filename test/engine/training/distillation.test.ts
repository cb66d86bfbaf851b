import assert from "node:assert/strict";
import { readdir, stat, truncate } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import type { RunConfigurationInput } from "../../../src/core/runs/configuration.js";
import { cachesTeacherLogits } from "../../../src/training/configuration/caches-teacher-logits.js";
import { trainingOver } from "../../postgres/training/training-stores.js";
import { startTestEngine } from "../../testkit/engine.js";
import { epochsOfRun } from "../../testkit/epochs-of-run.js";
import { RANDOM_WEIGHTS } from "../../testkit/files/random-weights.js";
import {
  epochDone,
  finalDigest,
  follow,
  openTrainingWorld,
  registryOf,
  runNow,
  TINY,
  type TrainingWorld,
  teachersOf,
} from "./training-world.js";

/** Another architecture, image size and preprocessing than the students'. */
const TEACHER: RunConfigurationInput = {
  architecture: "RESNET18",
  widthMultiplier: 0.25,
  head: { dropout: 0 },
  imageSizePixels: 48,
  preprocessing: "SCALE_MINUS_1_1",
  epochs: 1,
};
const STUDENT: RunConfigurationInput = { ...TINY, distillation: { teacher: "teacher@champion" } };
/** Changes no pixel, but with any augmentation the teacher computes in the graph. */
const IN_GRAPH: RunConfigurationInput = { augmentation: { brightness: 1e-9 } };

/** A world with the model version "teacher:1", whose alias is "champion". */
async function worldWithTeacher(teacher: RunConfigurationInput = TEACHER): Promise<TrainingWorld> {
  const world = await openTrainingWorld();
  await addTeacher(world, teacher);
  return world;
}

/** Trains a version of the model "teacher", and points the alias "champion" to it. */
async function addTeacher(world: TrainingWorld, configuration: RunConfigurationInput): Promise<number> {
  const { database, homeFolder } = world;
  const run = await world.launchTiny(configuration);
  await trainToTheEnd(world, run.id);
  await using host = await startTestEngine();
  const registry = registryOf(database, homeFolder, host);
  const asked = { model: "teacher", runId: run.id, description: null, idempotencyKey: null };
  const { number } = await registry.register(asked);
  await registry.setAlias({ model: "teacher", alias: "champion", version: number });
  return number;
}

function launch({ database, homeFolder }: TrainingWorld, change: RunConfigurationInput = {}) {
  const teachers = teachersOf(database, homeFolder);
  const training = trainingOver(database, RANDOM_WEIGHTS, { hasGpu: false }, teachers);
  return training.launch({ dataset: "drawn", configuration: { ...STUDENT, ...change } });
}

/** The end of a run is reported before its temporary files are removed; disposing the trainer waits for that. */
async function trainToTheEnd(world: TrainingWorld, id: string): Promise<void> {
  await using _trainer = await world.startTrainer();
  await follow(world, id);
  const { state, endDetail } = await runNow(world, id);
  assert.equal(state, "SUCCEEDED", endDetail ?? "");
}

async function train(world: TrainingWorld, change: RunConfigurationInput = {}): Promise<string> {
  const { id } = await launch(world, change);
  await trainToTheEnd(world, id);
  return id;
}

async function killAfter(world: TrainingWorld, id: string, epochs: number): Promise<void> {
  await using _child = world.startTrainerInChild();
  await follow(world, id, epochDone(epochs));
}

async function trainLosses(world: TrainingWorld, id: string): Promise<readonly number[]> {
  return (await epochsOfRun(world.runs, id)).map(({ trainLoss }) => trainLoss);
}

function logitsFile(world: TrainingWorld, id: string): string {
  return path.join(world.homeFolder, "runs", id, "teacher-logits-1.bin");
}

test("a run records the version that the alias named, and learns from it when the alias has moved", async () => {
  await using world = await worldWithTeacher();
  const expected = await train(world);
  const run = await launch(world);
  assert.deepEqual(run.configuration.distillation, {
    ...{ teacher: "teacher:1", kind: "KNOWLEDGE", temperature: 4, weight: 0.9, beta: 8 },
  });
  assert.equal(await addTeacher(world, { ...TEACHER, seed: 9 }), 2);
  // The training of the second teacher has trained the run too, which came before it in the queue.
  const { state } = await runNow(world, run.id);
  assert.equal(state, "SUCCEEDED");
  assert.equal(await finalDigest(world, run.id), await finalDigest(world, expected));
  const moved = await launch(world);
  assert.equal(moved.configuration.distillation?.teacher, "teacher:2");
});

test("cached logits and a teacher in the graph give the same losses for the same images", async () => {
  await using world = await worldWithTeacher({ ...TEACHER, imageSizePixels: 32 });
  const distillation = { teacher: "teacher:1", kind: "DECOUPLED" } as const;
  const cached = await train(world, { distillation });
  const inGraph = await train(world, { distillation, ...IN_GRAPH });
  for (const id of [cached, inGraph]) {
    assert.equal(cachesTeacherLogits((await runNow(world, id)).configuration), id === cached);
  }
  const [a, b] = [await trainLosses(world, cached), await trainLosses(world, inGraph)];
  assert.equal(a.length, TINY.epochs);
  for (const [epoch, loss] of a.entries()) {
    assert.ok(Math.abs(loss - b[epoch]!) <= 1e-3 * loss, `${a} and ${b}`);
  }
  const alone = await trainLosses(world, await train(world, { distillation: null }));
  assert.ok(Math.abs(alone[0]! - a[0]!) > 1e-2 * alone[0]!, `${a} and ${alone}`);
});

for (const [title, change] of [
  ["cached logits", {}],
  ["a teacher in the graph", { augmentation: { horizontalFlip: true, rotationDegrees: 20 } }],
  [
    "cached logits and features, micro-batches and bfloat16",
    {
      batchNormalization: true,
      frozenBlocks: 2,
      batchSize: 9,
      accumulationSteps: 3,
      precision: "MIXED_BFLOAT16",
    },
  ],
] as const satisfies readonly (readonly [string, RunConfigurationInput])[]) {
  test(`a killed run with ${title} ends with the bytes of an uninterrupted one`, async () => {
    await using world = await worldWithTeacher();
    const configuration: RunConfigurationInput = {
      ...change,
      epochs: 5,
      distillation: { teacher: "teacher:1", kind: "DECOUPLED" },
    };
    const expected = await train(world, configuration);
    const { id } = await launch(world, configuration);
    await killAfter(world, id, 2);
    const isCached = cachesTeacherLogits((await runNow(world, id)).configuration);
    // As if the process had been killed while it wrote them.
    if (isCached) await truncate(logitsFile(world, id), 100);
    await trainToTheEnd(world, id);
    assert.equal((await runNow(world, id)).attempt, 2);
    assert.equal(await finalDigest(world, id), await finalDigest(world, expected));
    await assert.rejects(stat(logitsFile(world, id)), { code: "ENOENT" });
    const files = await readdir(path.join(world.homeFolder, "runs", id));
    assert.deepEqual(
      files.filter((name) => name.startsWith("teacher-logits")),
      [],
    );
  });
}

test("a distilled run that is extended, and one that is cancelled and retried, end with the bytes of longer runs", async () => {
  await using world = await worldWithTeacher();
  const expected = await finalDigest(world, await train(world, { epochs: 4 }));
  const extended = await train(world, { epochs: 2 });
  await world.control.extend(extended, 4);
  await trainToTheEnd(world, extended);
  assert.equal(await finalDigest(world, extended), expected);

  const { id } = await launch(world, { epochs: 4 });
  {
    await using _trainer = await world.startTrainer();
    await follow(world, id, epochDone(1));
    await world.control.cancel(id);
    await follow(world, id);
  }
  await world.control.retry(id);
  await trainToTheEnd(world, id);
  assert.equal(await finalDigest(world, id), expected);
});
