import assert from "node:assert/strict";
import { test } from "node:test";
import { networkOfRun } from "../../../../src/graph/architectures/network-spec.js";
import { resolveConfiguration } from "../../../../src/training/configuration/resolution.js";
import { checkMemory, leastTrainingBytes } from "../../../../src/training/lifecycle/memory-check.js";
import { checkRunName, makeUpRunName } from "../../../../src/training/lifecycle/name.js";

const GIB = 1024 ** 3;

test("a generated name of a run is pronounceable", () => {
  for (let count = 0; count < 100; count++) assert.match(makeUpRunName(), /^[a-z]+-[a-z]+-[1-9][0-9]?$/);
  assert.equal(
    makeUpRunName(() => 0),
    "amber-almond-1",
  );
});

test("a name has to be on one line", () => {
  checkRunName("Größere Ränder, zweiter Versuch");
  for (const name of ["", "  ", "a\nb", "x".repeat(101)])
    assert.throws(() => checkRunName(name), { code: "NAME_INVALID" });
});

test("a run that does not fit into the memory of the machine is refused before it is queued", () => {
  const configuration = resolveConfiguration({ batchSize: 4096 });
  assert.throws(() => checkMemory(networkOfRun(configuration, 1000, "FLOAT32"), configuration, 16 * GIB), {
    code: "MEMORY_INSUFFICIENT",
    message: /143,667,240 parameters with batches of 4096 at 224 px takes at least .* this machine has 16\.0/,
  });
});

test("VGG19 as it was published, in batches of 8, fits into 16 GiB", () => {
  const configuration = resolveConfiguration({ batchSize: 8 });
  checkMemory(networkOfRun(configuration, 1000, "FLOAT32"), configuration, 16 * GIB);
});

test("a batch in micro-batches takes the memory of one micro-batch and of the accumulated gradients", () => {
  const network = networkOfRun(resolveConfiguration({}), 1000, "FLOAT32");
  const least = (batchSize: number, accumulationSteps: number): number =>
    leastTrainingBytes(network, resolveConfiguration({ batchSize, accumulationSteps }));
  const gradients = 143_667_240 * 4;
  assert.equal(least(64, 8), least(8, 1) + gradients);
  assert.equal(least(64, 7), least(10, 1) + gradients);
});

test("frozen blocks need no memory for the backward pass", () => {
  const network = networkOfRun(resolveConfiguration({}), 1000, "FLOAT32");
  const least = (frozenBlocks: number): number =>
    leastTrainingBytes(network, resolveConfiguration({ frozenBlocks, precision: "FLOAT32", batchSize: 1 }));
  // Each weight of VGG19's convolutions has a gradient and two slots of Adam; their outputs are those at 224 px.
  assert.equal(
    least(0) - least(5),
    4 *
      (3 * 20_024_384 +
        64 * 2 * 224 ** 2 +
        128 * 2 * 112 ** 2 +
        256 * 4 * 56 ** 2 +
        512 * 4 * 28 ** 2 +
        512 * 4 * 14 ** 2),
  );
});

test("a teacher in the graph takes the memory of its weights and its largest output; one with cached logits takes none", () => {
  const distilled = { distillation: { teacher: "flowers:1" }, batchSize: 8, precision: "FLOAT32" } as const;
  const configuration = resolveConfiguration({ ...distilled, augmentation: { horizontalFlip: true } });
  const student = networkOfRun(resolveConfiguration({ widthMultiplier: 0.25 }), 1000, "FLOAT32");
  const teacher = networkOfRun(resolveConfiguration({}), 1000, "FLOAT32");
  const alone = leastTrainingBytes(student, configuration);
  assert.equal(
    leastTrainingBytes(student, configuration, teacher) - alone,
    143_667_240 * 4 + 8 * 64 * 224 ** 2 * 4,
  );
  assert.equal(leastTrainingBytes(student, resolveConfiguration(distilled), teacher), alone);
  checkMemory(student, configuration, 2 * alone);
  assert.throws(() => checkMemory(student, configuration, alone + 1, teacher), {
    code: "MEMORY_INSUFFICIENT",
  });
});
