import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineHost } from "../../../src/engine/engine-host.js";
import { startTestEngine } from "../../testkit/engine.js";
import { follow, openTrainingWorld, runNow, SLOW, type TrainingWorld } from "./training-world.js";

const STEPS = 50;
const ONE_EPOCH = { ...SLOW, epochs: 1 };

async function batchLosses(world: TrainingWorld, runId: string): Promise<(readonly [number, number])[]> {
  const { points } = await world.metrics.history(runId, "batch.loss", 1000);
  return points.map(({ step, value }) => [step, value]);
}

const steps = (last: number): number[] => Array.from({ length: last }, (_step, index) => index + 1);

/** Follows a run until it has reported a step of its first epoch. @returns the step */
async function inFirstEpoch(world: TrainingWorld, runId: string): Promise<number> {
  const events = await follow(
    world,
    runId,
    (event) => event.kind === "TrainingProgress" && event.progress.epoch === 1,
  );
  const last = events.at(-1);
  assert.ok(last?.kind === "TrainingProgress");
  return last.progress.step;
}

test("a run whose engine fails within an epoch keeps the batch losses up to there, and a retry replaces them", async () => {
  await using world = await openTrainingWorld();
  const engines: EngineHost[] = [];
  const openEngine = async (): Promise<EngineHost> => {
    const engine = await startTestEngine();
    engines.push(engine);
    return engine;
  };
  const expected = await world.launchTiny(ONE_EPOCH);
  const { id } = await world.launchTiny(ONE_EPOCH);
  let reported: number;
  {
    await using _trainer = await world.startTrainer({ openEngine });
    await follow(world, expected.id);
    reported = await inFirstEpoch(world, id);
    await engines[0]?.[Symbol.asyncDispose]();
    await follow(world, id);
  }
  const whole = await batchLosses(world, expected.id);
  assert.deepEqual(
    whole.map(([step]) => step),
    steps(STEPS),
  );
  const failed = await runNow(world, id);
  assert.deepEqual([failed.state, failed.endReason], ["FAILED", "ENGINE_ERROR"]);
  const kept = await batchLosses(world, id);
  assert.ok(kept.length >= reported && kept.length < STEPS, `${kept.length} of ${reported} or more`);
  assert.deepEqual(kept, whole.slice(0, kept.length));

  await world.control.retry(id);
  await using _trainer = await world.startTrainer();
  await follow(world, id);
  assert.equal((await runNow(world, id)).state, "SUCCEEDED");
  assert.deepEqual(await batchLosses(world, id), whole);
});

for (const request of ["cancel", "pause"] as const) {
  test(`a run that is stopped within an epoch (${request}) keeps the batch losses up to its checkpoint`, async () => {
    await using world = await openTrainingWorld();
    await using _trainer = await world.startTrainer();
    const { id } = await world.launchTiny(ONE_EPOCH);
    await inFirstEpoch(world, id);
    await world.control[request](id);
    await follow(world, id, (event) => event.kind === "RunStateChanged" && event.to === "PAUSED");
    const [checkpoint] = (await world.runs.checkpoints([id])).get(id) ?? [];
    const kept = await batchLosses(world, id);
    assert.deepEqual(
      kept.map(([step]) => step),
      steps(checkpoint?.step ?? 0),
    );
    assert.ok(kept.length > 0);
  });
}
