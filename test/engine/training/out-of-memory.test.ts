import assert from "node:assert/strict";
import { test } from "node:test";
import { epochsOfRun } from "../../testkit/epochs-of-run.js";
import { epochDone, finalDigest, follow, openTrainingWorld, runNow } from "./training-world.js";

/**
 * Memory for 12 of these images, but neither for 24 nor for one that is five times as wide and high. The network is the
 * narrowest one, so that the augmentation takes most of the memory: TensorFlow reports its failure, while several kernels
 * of oneDNN end the process instead. With custom ops the augmentation takes less.
 */
const LIMIT = { TF_MKL_ALLOC_MAX_BYTES: "2750000", ESPALIER_KERNELS: "off" };
const AUGMENTED = {
  widthMultiplier: 0.015,
  augmentation: { horizontalFlip: true, rotationDegrees: 10, brightness: 0.2, contrast: 0.2 },
} as const;
const SMALL = { ...AUGMENTED, imageSizePixels: 64, batchSize: 24, epochs: 20 };
const LARGE = { ...AUGMENTED, imageSizePixels: 320, batchSize: 1 };

test("a batch that does not fit into memory is halved into micro-batches, and the run ends as if it had been from the start", async () => {
  await using world = await openTrainingWorld();
  const hopeless = await world.launchTiny(LARGE);
  const { id } = await world.launchTiny(SMALL);
  {
    await using _trainer = world.startTrainerInChild(LIMIT);
    await follow(world, hopeless.id);
    const failed = await runNow(world, hopeless.id);
    assert.deepEqual([failed.state, failed.endReason], ["FAILED", "OUT_OF_MEMORY"]);
    assert.match(failed.endDetail ?? "", /OOM when allocating/);
    await follow(world, id, epochDone(1));
  }
  const halved = await runNow(world, id);
  assert.deepEqual([halved.state, halved.environment?.partSize], ["RUNNING", 12]);

  const expected = await world.launchTiny({ ...SMALL, accumulationSteps: 2 });
  await using _trainer = await world.startTrainer();
  const events = await follow(world, id);
  const run = await runNow(world, id);
  assert.deepEqual([run.state, run.attempt, run.environment?.partSize], ["SUCCEEDED", 2, 12]);
  const warnings = events.flatMap((event) => (event.kind === "RunWarning" ? [event] : []));
  assert.deepEqual(
    warnings.map(({ code }) => code),
    // The launch warns of so narrow a network.
    ["SETTING_SENSELESS", "BATCH_HALVED", "RESUMED"],
  );
  assert.match(
    warnings[1]!.message,
    /^A micro-batch of 24 images .* with micro-batches of 12, .* batch of 24\. Accumulation changes the statistics of batch normalization: .*\.$/,
  );
  const epochs = await epochsOfRun(world.runs, id);
  assert.deepEqual(
    epochs.map(({ number }) => number),
    Array.from({ length: SMALL.epochs }, (_epoch, index) => index + 1),
  );
  await follow(world, expected.id);
  assert.equal(await finalDigest(world, id), await finalDigest(world, expected.id));
});
