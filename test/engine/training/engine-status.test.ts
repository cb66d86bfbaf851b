import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { EngineStatus } from "../../../src/core/enumerations.js";
import { EngineHost } from "../../../src/engine/engine-host.js";
import type { Trainer } from "../../../src/training/attempt/trainer.js";
import { startTestEngine } from "../../testkit/engine.js";
import { testLog } from "../../testkit/postgres/database.js";
import { epochDone, follow, openTrainingWorld, runNow } from "./training-world.js";

/** Waits for a status that is about to come. */
async function reached(trainer: Trainer, status: EngineStatus): Promise<void> {
  while (trainer.engineStatus !== status) await setImmediate();
}

test("the engine says that it is starting, that it trains, and that it is ready again", async () => {
  await using world = await openTrainingWorld();
  const asked = Promise.withResolvers<void>();
  const allowed = Promise.withResolvers<void>();
  await using trainer = await world.startTrainer({
    openEngine: async () => {
      asked.resolve();
      await allowed.promise;
      return startTestEngine();
    },
  });
  assert.equal(trainer.engineStatus, "READY");
  const { id } = await world.launchTiny({ epochs: 2 });
  await asked.promise;
  assert.equal(trainer.engineStatus, "STARTING");
  allowed.resolve();
  await follow(world, id, epochDone(1));
  assert.equal(trainer.engineStatus, "TRAINING");
  await follow(world, id);
  await reached(trainer, "READY");
});

test("an engine that cannot be loaded has failed until the next run loads it", async () => {
  await using world = await openTrainingWorld();
  let starts = 0;
  await using trainer = await world.startTrainer({
    openEngine: () => {
      starts++;
      return starts === 1
        ? EngineHost.start({
            nativeLibrary: { addonFile: path.join(world.homeFolder, "missing.node"), kernelsFile: null },
            threads: 1,
            workFolder: path.join(world.homeFolder, "engine"),
            log: testLog,
          })
        : startTestEngine();
    },
  });
  const { id } = await world.launchTiny({ epochs: 1 });
  await follow(world, id);
  assert.equal((await runNow(world, id)).endReason, "ENGINE_ERROR");
  await reached(trainer, "FAILED");

  const next = await world.launchTiny({ epochs: 1 });
  await follow(world, next.id);
  assert.equal((await runNow(world, next.id)).state, "SUCCEEDED");
  await reached(trainer, "READY");
});
