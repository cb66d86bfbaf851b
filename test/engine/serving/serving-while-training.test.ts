import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelRegistry } from "../../../src/registry/model-registry.js";
import { ModelStore } from "../../../src/registry/model-store.js";
import { TrainedRunStore } from "../../../src/registry/trained-run-store.js";
import { startTestEngine } from "../../testkit/engine.js";
import { testLog } from "../../testkit/postgres/database.js";
import { servingOver } from "../../testkit/serving.js";
import { follow, openTrainingWorld } from "../training/training-world.js";

test("a finished run is registered and classifies its own images while the next run trains", async () => {
  await using world = await openTrainingWorld();
  await using host = await startTestEngine();
  const { database, homeFolder, runs } = world;
  const registry = new ModelRegistry({
    models: new ModelStore(database),
    runs: new TrainedRunStore(database),
    host,
    homeFolder,
    log: testLog,
  });
  const { classifier, cache, samples } = servingOver(database, homeFolder, registry);
  await using _cache = cache;

  await using _trainer = await world.startTrainer();
  const finished = await world.launchTiny();
  await follow(world, finished.id);
  const training = await world.launchTiny({ epochs: 10_000 });
  await follow(world, training.id, ({ kind }) => kind === "EpochCompleted");

  const checkpoints = (await runs.checkpoints([finished.id])).get(finished.id) ?? [];
  const best = checkpoints.find((checkpoint) => checkpoint.best);
  const version = await registry.register({
    model: "drawn",
    runId: finished.id,
    description: null,
    idempotencyKey: null,
  });
  assert.equal(version.epoch, best?.epoch);
  const validation = await samples.listSamples(
    finished.datasetVersionId,
    { className: null, split: "VALIDATION" },
    { first: 10, after: null },
  );
  const nodes = validation.items.map(({ node }) => node);
  const { results } = await classifier.classify({
    model: "drawn",
    images: nodes.map(({ id }) => ({ sampleId: id })),
    topK: 1,
  });
  assert.equal((await runs.find([training.id]))[0]?.state, "RUNNING");
  const right = results.filter(
    (result, index) => result.kind === "classification" && result.top[0]?.label === nodes[index]?.className,
  ).length;
  const summaries = await runs.summaries([finished.id]);
  const top1 = summaries.find(({ key }) => key === "validation.top1");
  assert.equal(right / results.length, top1?.bestValue);

  await world.control.cancel(training.id);
  await follow(world, training.id);
});
