import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunConfigurationInput } from "../../../src/core/runs/configuration.js";
import { ModelRegistry } from "../../../src/registry/model-registry.js";
import { ModelStore } from "../../../src/registry/model-store.js";
import { TrainedRunStore } from "../../../src/registry/trained-run-store.js";
import { startTestEngine } from "../../testkit/engine.js";
import { testLog } from "../../testkit/postgres/database.js";
import { servingOver } from "../../testkit/serving.js";
import { epochDone, finalDigest, follow, openTrainingWorld, runNow } from "./training-world.js";

const TINY_RESNET: RunConfigurationInput = {
  architecture: "RESNET18",
  head: { dropout: 0.1 },
  batchSize: 10,
  accumulationSteps: 2,
  epochs: 8,
  precision: "AUTO",
  optimizer: { adam: {} },
  learningRate: { cosine: { initial: 5e-3, warmupEpochs: 1 } },
  weightDecay: 1e-4,
  augmentation: { horizontalFlip: true, brightness: 0.1 },
};

test("a ResNet-18 that was killed ends with the bytes of an uninterrupted one, and its model classifies", async () => {
  await using world = await openTrainingWorld();
  const whole = await world.launchTiny(TINY_RESNET);
  {
    await using _trainer = await world.startTrainer();
    await follow(world, whole.id);
  }
  const { id } = await world.launchTiny(TINY_RESNET);
  {
    await using _child = world.startTrainerInChild();
    await follow(world, id, epochDone(2));
  }
  {
    await using _trainer = await world.startTrainer();
    await follow(world, id);
  }
  const run = await runNow(world, id);
  assert.deepEqual([run.state, run.attempt], ["SUCCEEDED", 2]);
  assert.equal(await finalDigest(world, id), await finalDigest(world, whole.id));

  await using host = await startTestEngine();
  const { database, homeFolder } = world;
  const models = new ModelStore(database);
  const runs = new TrainedRunStore(database);
  const registry = new ModelRegistry({ models, runs, host, homeFolder, log: testLog });
  await registry.register({ model: "resnet", runId: id, description: null, idempotencyKey: null });
  const { classifier, cache } = servingOver(database, homeFolder, registry);
  await using _cache = cache;

  const samples = await database.prisma.sample.findMany({
    where: { split: "TEST" },
    select: { id: true, classIndex: true },
    orderBy: { position: "asc" },
  });
  const images = samples.map((sample) => ({ sampleId: sample.id }));
  const { results } = await classifier.classify({ model: "resnet:1", images, topK: 1 });
  const right = results.filter((result, index) => {
    assert.equal(result.kind, "classification");
    return result.top[0]?.label === ["blue", "red"][samples[index]?.classIndex ?? -1];
  });
  assert.equal(right.length, samples.length, "bluish and reddish images are easy to tell apart");
});
