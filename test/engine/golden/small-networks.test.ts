import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { restoreCheckpoint, saveCheckpoint } from "../../../src/engine/checkpoints/checkpoint.js";
import { layerTable } from "../../../src/graph/architectures/layer-table.js";
import { countParameters } from "../../../src/graph/architectures/network-spec.js";
import { buildTrainingGraph } from "../../../src/graph/architectures/training-graph.js";
import { fingerprintDifference, greatestDifference, relativeDifference } from "../../golden/difference.js";
import { fedImages, fedLabels, floats, scalar } from "../../golden/fed-values.js";
import {
  readGolden,
  readGradients,
  SMALL_NETWORKS,
  type SmallNetworkGolden,
} from "../../golden/golden-file.js";
import { fingerprint } from "../../golden/golden-formula.js";
import { readCheckpoint } from "../../golden/networks/checkpoint-tensors.js";
import { smallNetwork, writeFormulaCheckpoint } from "../../golden/networks/golden-networks.js";
import {
  ACTIVATION_PREFIX,
  buildInspectionGraph,
  GRADIENT_PREFIX,
} from "../../golden/networks/inspection-graph.js";
import { withoutBesselsCorrection } from "../../golden/networks/moving-variance.js";
import { type EngineWithFolder, startEngineWithFolder } from "../../testkit/engine.js";
import { PLAIN_TRAINING } from "../../testkit/plain-training.js";

/** As in make_keras_golden.py. */
const EVALUATION_IMAGES = 12;
const TRAINING_IMAGES = 8;
const SAMPLES = 8;

/** Absolute; logits are some 1 and probabilities below it. */
const OUTPUT_TOLERANCE = 1e-5;
/** Relative to a tensor's norm or maximum. */
const ACTIVATION_TOLERANCE = 1e-5;
const GRADIENT_TOLERANCE = 1e-4;
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

for (const name of SMALL_NETWORKS) {
  const golden = await readGolden<SmallNetworkGolden>(name);
  const network = smallNetwork(golden);
  const evaluationBatch = () => ({
    images: fedImages("evaluation", EVALUATION_IMAGES, network.imageSizePixels),
    labels: fedLabels("evaluation", EVALUATION_IMAGES, network.classCount),
  });
  const trainingBatch = () => ({
    images: fedImages("step 1", TRAINING_IMAGES, network.imageSizePixels),
    labels: fedLabels("step 1", TRAINING_IMAGES, network.classCount),
  });

  describe(name, () => {
    test("has Keras's layers, shapes and parameters", () => {
      const rows = layerTable(network).map((row) => [row.name, row.outputShape, row.parameters]);
      assert.deepEqual(rows, golden.layers.slice(1));
      assert.equal(countParameters(network), golden.parameterCount);
    });

    test("classifies and is evaluated as in Keras", async (t) => {
      const graph = buildTrainingGraph(network, TRAINING);
      await using session = await engine.host.openGraph(graph);
      await restoreCheckpoint(session, await writeFormulaCheckpoint(engine, name, graph));

      const { logits, probabilities } = await session.run("predict", { images: evaluationBatch().images });
      const differences = {
        logits: greatestDifference(floats(logits), golden.evaluation.logits.flat()),
        probabilities: greatestDifference(floats(probabilities), golden.evaluation.probabilities.flat()),
      };
      t.diagnostic(`greatest difference of logits ${differences.logits.toExponential(1)}`);
      for (const [output, difference] of Object.entries(differences)) {
        assert.ok(difference <= OUTPUT_TOLERANCE, `${output}: off by ${difference}`);
      }

      const { losses, ranked } = await session.run("eval_step", evaluationBatch());
      const { lossSum, ...expected } = golden.evaluation;
      const found = floats(losses).reduce((sum, loss) => sum + loss, 0);
      assert.ok(Math.abs(found - lossSum) <= 1e-6 * lossSum, `${found}, not ${lossSum}`);
      const truth = evaluationBatch().labels.data as Int32Array;
      const ranks = ranked!.data.length / truth.length;
      const places = Array.from(truth, (label, i) =>
        (ranked!.data as Int32Array).subarray(i * ranks, (i + 1) * ranks).indexOf(label),
      );
      assert.equal(places.filter((place) => place === 0).length, expected.top1);
      assert.equal(places.filter((place) => place >= 0).length, expected.top5);
    });

    test("gives Keras's activations in every layer", async (t) => {
      const graph = buildInspectionGraph(network, { dropout: false, training: false });
      await using session = await engine.host.openGraph(graph);
      await restoreCheckpoint(session, await writeFormulaCheckpoint(engine, name, graph));

      const outputs = await session.run("inspect", evaluationBatch());
      const differences: number[] = [];
      for (const [layer, expected] of Object.entries(golden.activations)) {
        const activation = floats(outputs[ACTIVATION_PREFIX + layer]);
        const difference = fingerprintDifference(
          fingerprint(`${layer}/activation`, activation, SAMPLES),
          expected,
        );
        differences.push(difference);
        assert.ok(difference <= ACTIVATION_TOLERANCE, `${layer}: off by ${difference}`);
      }
      t.diagnostic(`greatest difference ${Math.max(...differences).toExponential(1)} of a layer's norm`);
    });

    test("has TensorFlow's loss and gradients in training", async (t) => {
      const graph = buildInspectionGraph(network, { dropout: false });
      await using session = await engine.host.openGraph(graph);
      await restoreCheckpoint(session, await writeFormulaCheckpoint(engine, name, graph));

      const outputs = await session.run("inspect", trainingBatch());
      const logits = greatestDifference(floats(outputs.logits), golden.training.logits.flat());
      assert.ok(logits <= 1e-4, `logits: off by ${logits}`);
      assert.ok(Math.abs(scalar(outputs.loss) - golden.training.lossMean) <= 1e-5);

      const gradients = await readGradients(name, golden.gradients);
      const found = Object.keys(outputs).filter((output) => output.startsWith(GRADIENT_PREFIX));
      assert.deepEqual(
        found.map((output) => output.slice(GRADIENT_PREFIX.length)),
        [...gradients.keys()],
      );
      const differences: number[] = [];
      for (const [variable, expected] of gradients) {
        const difference = relativeDifference(floats(outputs[GRADIENT_PREFIX + variable]), expected);
        differences.push(difference);
        assert.ok(difference <= GRADIENT_TOLERANCE, `${variable}: off by ${difference} of its greatest`);
      }
      t.diagnostic(`greatest difference of a gradient ${Math.max(...differences).toExponential(1)}`);
    });

    const expectedStatistics = Object.entries(golden.movingStatisticsAfterStep1);
    if (expectedStatistics.length === 0) return;
    test("moves its statistics as Keras does", async () => {
      const graph = buildTrainingGraph(network, TRAINING);
      await using session = await engine.host.openGraph(graph);
      await restoreCheckpoint(session, await writeFormulaCheckpoint(engine, name, graph));

      await session.run("train_step", trainingBatch());
      const checkpoint = path.join(engine.folder, `${name}-statistics`);
      await saveCheckpoint(session, checkpoint);
      const saved = await readCheckpoint(engine.host, checkpoint, graph.variables);
      for (const [variable, expected] of expectedStatistics) {
        const moved = withoutBesselsCorrection(variable, saved.get(variable)!, 1, TRAINING_IMAGES, golden);
        const difference = relativeDifference(moved, expected);
        assert.ok(difference <= STATISTICS_TOLERANCE, `${variable}: off by ${difference}`);
      }
    });
  });
}
