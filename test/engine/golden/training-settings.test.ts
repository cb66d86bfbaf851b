import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import type { Optimizer } from "../../../src/core/runs/configuration.js";
import { restoreCheckpoint, saveCheckpoint } from "../../../src/engine/checkpoints/checkpoint.js";
import type { TrainingSpec } from "../../../src/graph/architectures/network-spec.js";
import { buildTrainingGraph } from "../../../src/graph/architectures/training-graph.js";
import { fingerprintDifference } from "../../golden/difference.js";
import { fedImages, fedLabels, scalar } from "../../golden/fed-values.js";
import { readGolden, type SMALL_NETWORKS, type SmallNetworkGolden } from "../../golden/golden-file.js";
import { type Fingerprint, fingerprint } from "../../golden/golden-formula.js";
import { readCheckpoint } from "../../golden/networks/checkpoint-tensors.js";
import { isOfNetwork, smallNetwork, writeFormulaCheckpoint } from "../../golden/networks/golden-networks.js";
import { withoutBesselsCorrection } from "../../golden/networks/moving-variance.js";
import { type EngineWithFolder, startEngineWithFolder } from "../../testkit/engine.js";
import { PLAIN_TRAINING } from "../../testkit/plain-training.js";

interface SettingGolden {
  readonly network: (typeof SMALL_NETWORKS)[number];
  readonly settings: Partial<TrainingSpec>;
  readonly steps: readonly {
    readonly loss: number;
    readonly variables: Readonly<Record<string, Fingerprint>>;
  }[];
}

const ADAM_W: Optimizer = { kind: "adamW", beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };
const MOMENTUM: Optimizer = { kind: "sgd", momentum: 0.9, nesterov: false };

/** As in make_keras_golden.py, with tolerances as for the optimizers alone. */
const CASES = {
  "adamw-decay": {
    title: "AdamW decays kernels only",
    optimizer: ADAM_W,
    rate: 1e-3,
    tolerance: 1e-4,
  },
  "sgd-l2": {
    title: "SGD adds its decay to the gradients of kernels",
    optimizer: MOMENTUM,
    rate: 1e-2,
    tolerance: 1e-5,
  },
  clipped: { title: "gradients are clipped by their norm", optimizer: MOMENTUM, rate: 1e-2, tolerance: 1e-5 },
  smoothed: { title: "labels are smoothed", optimizer: MOMENTUM, rate: 1e-2, tolerance: 1e-5 },
  weighted: { title: "classes are weighted", optimizer: MOMENTUM, rate: 1e-2, tolerance: 1e-5 },
} as const;
const TRAINING_IMAGES = 8;
const SAMPLES = 8;
const LOSS_TOLERANCE = 1e-5;

const golden = await readGolden<Readonly<Record<keyof typeof CASES, SettingGolden>>>("training-settings");
let engine: EngineWithFolder;
before(async () => {
  engine = await startEngineWithFolder();
});
after(() => engine[Symbol.asyncDispose]());

for (const [name, { title, optimizer, rate, tolerance }] of Object.entries(CASES)) {
  test(`${title} as in Keras, in three steps`, async (t) => {
    const { network: networkName, settings, steps } = golden[name as keyof typeof CASES];
    const networkGolden = await readGolden<SmallNetworkGolden>(networkName);
    const network = smallNetwork(networkGolden);
    const graph = buildTrainingGraph(network, {
      ...PLAIN_TRAINING,
      optimizer,
      learningRate: { kind: "constant", initial: rate, warmupEpochs: 0 },
      epochs: 1,
      stepsPerEpoch: 3,
      ...settings,
    });
    await using session = await engine.host.openGraph(graph);
    await restoreCheckpoint(session, await writeFormulaCheckpoint(engine, `${name}-formula`, graph));

    const differences: number[] = [];
    for (const [index, expected] of steps.entries()) {
      const step = index + 1;
      const images = fedImages(`step ${step}`, TRAINING_IMAGES, network.imageSizePixels);
      const labels = fedLabels(`step ${step}`, TRAINING_IMAGES, network.classCount);
      const { loss } = await session.run("train_step", { images, labels });
      assert.ok(
        Math.abs(scalar(loss) - expected.loss) <= LOSS_TOLERANCE * expected.loss,
        `the loss of step ${step} is ${scalar(loss)}, not ${expected.loss}`,
      );
      const checkpoint = path.join(engine.folder, name);
      await saveCheckpoint(session, checkpoint);
      const saved = await readCheckpoint(engine.host, checkpoint, graph.variables);
      const variables = [...saved.keys()].filter(isOfNetwork);
      assert.deepEqual(variables, Object.keys(expected.variables));
      for (const variable of variables) {
        const found = saved.get(variable)!;
        const value = withoutBesselsCorrection(variable, found, step, TRAINING_IMAGES, networkGolden);
        const difference = fingerprintDifference(
          fingerprint(variable, value, SAMPLES),
          expected.variables[variable]!,
        );
        differences.push(difference);
        assert.ok(difference <= tolerance, `${variable} after step ${step}: off by ${difference}`);
      }
    }
    t.diagnostic(`greatest difference ${Math.max(...differences).toExponential(1)} of a variable's norm`);
  });
}
