import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { restoreCheckpoint, saveCheckpoint } from "../../../src/engine/checkpoints/checkpoint.js";
import { networkVariables } from "../../../src/graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { buildTrainingGraph } from "../../../src/graph/architectures/training-graph.js";
import { fingerprintDifference, relativeDifference } from "../../golden/difference.js";
import { fedImages, fedLabels, floats, scalar } from "../../golden/fed-values.js";
import { type GoldenTensors, RESNETS, type ResnetGolden, readGolden } from "../../golden/golden-file.js";
import { fingerprint, product, weight } from "../../golden/golden-formula.js";
import { readCheckpoint } from "../../golden/networks/checkpoint-tensors.js";
import { writeFormulaCheckpoint } from "../../golden/networks/golden-networks.js";
import { buildInspectionGraph, GRADIENT_PREFIX } from "../../golden/networks/inspection-graph.js";
import { type EngineWithFolder, startEngineWithFolder } from "../../testkit/engine.js";
import { PLAIN_TRAINING } from "../../testkit/plain-training.js";

/** As in make_torch_golden.py. */
const IMAGES = 6;
const SAMPLES = 8;

/** As fractions of the largest logit, and of a tensor's norm or largest value. PyTorch computed in float64. */
const LOGIT_TOLERANCE = 1e-5;
const GRADIENT_TOLERANCE = 1e-4;
/** Some of the millions of units are so close to zero that rounding decides whether their ReLU passes them on. */
const WIDE_GRADIENT_TOLERANCE = 5e-3;
const STATISTICS_TOLERANCE = 1e-5;

const TRAINING = {
  optimizer: { kind: "sgd", momentum: 0, nesterov: false },
  learningRate: { kind: "constant", initial: 0.01, warmupEpochs: 0 },
  epochs: 1,
  stepsPerEpoch: 1,
  ...PLAIN_TRAINING,
} as const;

let engine: EngineWithFolder;
before(async () => {
  engine = await startEngineWithFolder();
});
after(() => engine[Symbol.asyncDispose]());

for (const name of RESNETS) {
  const golden = await readGolden<ResnetGolden>(name);
  const network: NetworkSpec = {
    ...golden.network,
    batchNormalization: true,
    head: { kind: "GLOBAL_AVERAGE_POOLING", units: 0, dropout: 0 },
    preprocessing: "SCALE_0_1",
    precision: "FLOAT32",
    seed: 0,
  };
  const lastGamma = new RegExp(`^conv\\d_block\\d_${network.architecture === "RESNET50" ? 3 : 2}_bn/gamma$`);
  /** `resnet_weight` in make_torch_golden.py says why. */
  const resnetWeight = (variable: string, shape: readonly number[]) =>
    weight(variable, shape).map((value) => value * (lastGamma.test(variable) ? 0.125 : 1));
  const batch = (batchName: string) => ({
    images: fedImages(batchName, IMAGES, network.imageSizePixels),
    labels: fedLabels(batchName, IMAGES, network.classCount),
  });

  describe(name, () => {
    test("has torchvision's number of parameters", () => {
      const trainable = networkVariables(network).filter((variable) => variable.trainable);
      assert.equal(
        trainable.reduce((total, { shape }) => total + product(shape), 0),
        golden.trainableParameters,
      );
    });

    test("classifies and is evaluated as in torchvision, by moving statistics", async (t) => {
      const graph = buildTrainingGraph(network, TRAINING);
      await using session = await engine.host.openGraph(graph);
      await restoreCheckpoint(session, await writeFormulaCheckpoint(engine, name, graph, resnetWeight));

      const { logits } = await session.run("predict", { images: batch("evaluation").images });
      const difference = relativeDifference(floats(logits), golden.evaluation.logits.flat());
      t.diagnostic(`greatest difference of logits ${difference.toExponential(1)}`);
      assert.ok(difference <= LOGIT_TOLERANCE, `logits: off by ${difference}`);

      const { losses } = await session.run("eval_step", batch("evaluation"));
      const loss = floats(losses).reduce((sum, value) => sum + value, 0) / IMAGES;
      assert.ok(Math.abs(loss - golden.evaluation.loss) <= 1e-5 * golden.evaluation.loss);

      await session.run("train_step", batch("step 1"));
      const checkpoint = path.join(engine.folder, `${name}-statistics`);
      await saveCheckpoint(session, checkpoint);
      const saved = await readCheckpoint(engine.host, checkpoint, graph.variables);
      const moved = greatestDifference(golden.movingStatisticsAfterStep1, (variable) => [
        variable,
        saved.get(variable),
      ]);
      t.diagnostic(`greatest difference of a moving statistic ${moved.toExponential(1)}`);
      assert.ok(moved <= STATISTICS_TOLERANCE, `moving statistics: off by ${moved}`);
    });

    test("has PyTorch's loss and gradients in training, by the statistics of the batch", async (t) => {
      const graph = buildInspectionGraph(network, { dropout: false });
      await using session = await engine.host.openGraph(graph);
      await restoreCheckpoint(
        session,
        await writeFormulaCheckpoint(engine, `${name}-inspect`, graph, resnetWeight),
      );

      const outputs = await session.run("inspect", batch("step 1"));
      const logits = relativeDifference(floats(outputs.logits), golden.training.logits.flat());
      assert.ok(logits <= 10 * LOGIT_TOLERANCE, `logits: off by ${logits}`);
      const { loss } = golden.training;
      assert.ok(Math.abs(scalar(outputs.loss) - loss) <= 1e-5 * loss);

      const found = Object.keys(outputs).filter((output) => output.startsWith(GRADIENT_PREFIX));
      assert.deepEqual(
        found.map((output) => output.slice(GRADIENT_PREFIX.length)).sort(),
        Object.keys(golden.gradients).sort(),
      );
      const far = greatestDifference(golden.gradients, (variable) => [
        `${variable}/gradient`,
        floats(outputs[GRADIENT_PREFIX + variable]),
      ]);
      t.diagnostic(`logits off by ${logits.toExponential(1)}, gradients by ${far.toExponential(1)}`);
      const tolerance = network.widthMultiplier === 1 ? WIDE_GRADIENT_TOLERANCE : GRADIENT_TOLERANCE;
      assert.ok(far <= tolerance, `gradients: off by ${far}`);
    });
  });
}

/** @param actual the name that the fingerprint is made by, and the values */
function greatestDifference(
  expected: GoldenTensors,
  actual: (variable: string) => readonly [string, Float32Array | undefined],
): number {
  const differences = Object.entries(expected).map(([variable, print]) => {
    const [name, values] = actual(variable);
    assert.ok(values, variable);
    return fingerprintDifference(fingerprint(name, values, SAMPLES), print);
  });
  return Math.max(...differences);
}
