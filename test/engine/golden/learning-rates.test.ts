import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { LearningRate } from "../../../src/core/runs/configuration.js";
import { buildTrainingGraph } from "../../../src/graph/architectures/training-graph.js";
import { greatestDifference } from "../../golden/difference.js";
import { fedImages, fedLabels, floats } from "../../golden/fed-values.js";
import { readGolden, type SmallNetworkGolden } from "../../golden/golden-file.js";
import { smallNetwork } from "../../golden/networks/golden-networks.js";
import { type EngineWithFolder, startEngineWithFolder } from "../../testkit/engine.js";
import { PLAIN_TRAINING } from "../../testkit/plain-training.js";

interface LearningRatesGolden {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** `rates`: of every step from 0, and of a few after the last. */
  readonly cases: readonly { readonly learningRate: LearningRate; readonly rates: readonly number[] }[];
}

/** Relative to the initial rate: the last rates of a cosine are small differences of large numbers. */
const TOLERANCE = 1e-6;

const { epochs, stepsPerEpoch, cases } = await readGolden<LearningRatesGolden>("learning-rates");
const network = smallNetwork(await readGolden<SmallNetworkGolden>("vgg11-average-pooling"));
let engine: EngineWithFolder;
before(async () => {
  engine = await startEngineWithFolder();
});
after(() => engine[Symbol.asyncDispose]());

for (const { learningRate, rates } of cases) {
  const { kind, initial, warmupEpochs } = learningRate;
  test(`every step's rate is Keras's: ${kind} from ${initial}, ${warmupEpochs} epochs of warm-up`, async (t) => {
    const optimizer = { kind: "sgd", momentum: 0, nesterov: false } as const;
    const graph = buildTrainingGraph(network, {
      ...PLAIN_TRAINING,
      optimizer,
      learningRate,
      epochs,
      stepsPerEpoch,
    });
    await using session = await engine.host.openGraph(graph);
    await session.run("init", {});

    const used: number[] = [];
    for (const step of rates.keys()) {
      const images = fedImages("rates", 1, network.imageSizePixels);
      const labels = fedLabels("rates", 1, network.classCount);
      const { learning_rate, global_step } = await session.run("train_step", { images, labels });
      used.push(floats(learning_rate)[0]!);
      assert.deepEqual(global_step?.data, BigInt64Array.of(BigInt(step + 1)));
    }
    const difference = greatestDifference(used, rates) / initial;
    t.diagnostic(`greatest difference ${difference.toExponential(1)} of the initial rate`);
    assert.ok(difference <= TOLERANCE, `rates ${used.join(", ")} instead of ${rates.join(", ")}`);
  });
}
