import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import type { Optimizer } from "../../../src/core/runs/configuration.js";
import { restoreCheckpoint, saveCheckpoint } from "../../../src/engine/checkpoints/checkpoint.js";
import { buildTrainingGraph } from "../../../src/graph/architectures/training-graph.js";
import { fingerprintDifference } from "../../golden/difference.js";
import { fedImages, fedLabels, scalar } from "../../golden/fed-values.js";
import {
  type OptimizerName,
  readGolden,
  SMALL_NETWORKS,
  type SmallNetworkGolden,
} from "../../golden/golden-file.js";
import { fingerprint } from "../../golden/golden-formula.js";
import { readCheckpoint } from "../../golden/networks/checkpoint-tensors.js";
import { isOfNetwork, smallNetwork, writeFormulaCheckpoint } from "../../golden/networks/golden-networks.js";
import { withoutBesselsCorrection } from "../../golden/networks/moving-variance.js";
import { type EngineWithFolder, startEngineWithFolder } from "../../testkit/engine.js";
import { PLAIN_TRAINING } from "../../testkit/plain-training.js";

interface Case {
  readonly optimizer: Optimizer;
  readonly initial: number;
  /**
   * Relative to a variable's norm or maximum; a step changes weights by some 1e-3 of it. Adam divides a gradient
   * by its own size, so its weights contain the rounding error of the smallest gradients at full size.
   */
  readonly tolerance: number;
}

/** As in make_keras_golden.py. */
const OPTIMIZERS: Readonly<Record<OptimizerName, Case>> = {
  adam: {
    optimizer: { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
    initial: 1e-3,
    tolerance: 1e-4,
  },
  "sgd-momentum": {
    optimizer: { kind: "sgd", momentum: 0.9, nesterov: false },
    initial: 1e-2,
    tolerance: 1e-5,
  },
  "sgd-nesterov": {
    optimizer: { kind: "sgd", momentum: 0.9, nesterov: true },
    initial: 1e-2,
    tolerance: 1e-5,
  },
};
const TRAINING_IMAGES = 8;
const SAMPLES = 8;

const LOSS_TOLERANCE = 1e-5;

let engine: EngineWithFolder;
before(async () => {
  engine = await startEngineWithFolder();
});
after(() => engine[Symbol.asyncDispose]());

for (const name of SMALL_NETWORKS) {
  const golden = await readGolden<SmallNetworkGolden>(name);
  const network = smallNetwork(golden);
  for (const [optimizerName, { optimizer, initial, tolerance }] of Object.entries(OPTIMIZERS)) {
    test(`${name} has Keras's weights after each of three ${optimizerName} steps`, async (t) => {
      const graph = buildTrainingGraph(network, {
        optimizer,
        learningRate: { kind: "constant", initial, warmupEpochs: 0 },
        epochs: 1,
        ...PLAIN_TRAINING,
        stepsPerEpoch: 3,
      });
      await using session = await engine.host.openGraph(graph);
      await restoreCheckpoint(session, await writeFormulaCheckpoint(engine, `${name}-formula`, graph));

      const differences: number[] = [];
      for (const [index, expected] of golden.steps[optimizerName as OptimizerName].entries()) {
        const step = index + 1;
        const images = fedImages(`step ${step}`, TRAINING_IMAGES, network.imageSizePixels);
        const labels = fedLabels(`step ${step}`, TRAINING_IMAGES, network.classCount);
        const { loss, top1, top5 } = await session.run("train_step", { images, labels });
        assert.ok(Math.abs(scalar(loss) - expected.lossMean) <= LOSS_TOLERANCE * expected.lossMean);
        assert.deepEqual([scalar(top1), scalar(top5)], [expected.top1, expected.top5]);

        const checkpoint = path.join(engine.folder, `${name}-${optimizerName}`);
        await saveCheckpoint(session, checkpoint);
        const saved = await readCheckpoint(engine.host, checkpoint, graph.variables);
        const variables = [...saved.keys()].filter(isOfNetwork);
        assert.deepEqual(variables, Object.keys(expected.variables));
        for (const variable of variables) {
          const value = withoutBesselsCorrection(
            variable,
            saved.get(variable)!,
            step,
            TRAINING_IMAGES,
            golden,
          );
          const found = fingerprint(variable, value, SAMPLES);
          const difference = fingerprintDifference(found, expected.variables[variable]!);
          differences.push(difference);
          assert.ok(difference <= tolerance, `${variable} after step ${step}: off by ${difference}`);
        }
      }
      t.diagnostic(`greatest difference ${Math.max(...differences).toExponential(1)} of a variable's norm`);
    });
  }
}
