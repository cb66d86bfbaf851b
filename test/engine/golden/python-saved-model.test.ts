import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { restoreCheckpoint, saveCheckpoint } from "../../../src/engine/checkpoint.js";
import type { NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { buildServingGraph } from "../../../src/graph/architectures/serving-graph.js";
import { buildTrainingGraph } from "../../../src/graph/architectures/training-graph.js";
import { exportModel } from "../../../src/registry/model-export.js";
import { greatestDifference } from "../../golden/difference.js";
import { fedImages, fedLabels, floats } from "../../golden/fed-values.js";
import { readGolden, type SmallNetworkGolden } from "../../golden/golden-file.js";
import { smallNetwork, writeFormulaCheckpoint } from "../../golden/golden-networks.js";
import { type EngineWithFolder, startEngineWithFolder } from "../../testkit/engine.js";
import { PLAIN_TRAINING } from "../../testkit/plain-training.js";
import { askGoldenScript, whyNoPython } from "../../testkit/test-python.js";

const skip = await whyNoPython("tensorflow");

/** Absolute, of probabilities. */
const TOLERANCE = 1e-5;
const IMAGES = 12;

/** Output of predict_saved_model.py. */
interface PythonAnswer {
  readonly outputs: { readonly probabilities: readonly number[][]; readonly logits: readonly number[][] };
  readonly variables: Readonly<Record<string, readonly number[]>>;
  readonly trainable: readonly string[];
}

async function predictInPython(folder: string, { imageSizePixels }: NetworkSpec): Promise<PythonAnswer> {
  const args = [folder, "evaluation", String(IMAGES), String(imageSizePixels)];
  return askGoldenScript<PythonAnswer>("predict_saved_model.py", ...args);
}

describe("Python's tf.saved_model.load", { skip }, () => {
  let engine: EngineWithFolder;
  before(async () => {
    engine = await startEngineWithFolder();
  });
  after(() => engine[Symbol.asyncDispose]());

  test("opens a written serving graph with its weights, and classifies as Keras", async () => {
    const golden = await readGolden<SmallNetworkGolden>("vgg11-fully-connected-bn");
    const network = smallNetwork(golden);
    const graph = buildServingGraph(network);
    const folder = path.join(engine.folder, "serving");
    await mkdir(folder);
    await writeFile(path.join(folder, "saved_model.pb"), graph.bytes);
    await writeFormulaCheckpoint(engine, "serving/variables", graph);

    const answer = await predictInPython(folder, network);
    const { probabilities, logits } = answer.outputs;
    assert.ok(greatestDifference(probabilities.flat(), golden.evaluation.probabilities.flat()) <= TOLERANCE);
    assert.ok(greatestDifference(logits.flat(), golden.evaluation.logits.flat()) <= TOLERANCE);
    const shapes = Object.fromEntries(graph.variables.map(({ name, shape }) => [name, shape]));
    assert.deepEqual(answer.variables, shapes);
    assert.deepEqual(answer.trainable, Object.keys(golden.gradients));
  });

  for (const precision of ["FLOAT32", "MIXED_BFLOAT16"] as const) {
    test(`opens the registry's export of a trained network and classifies the same (${precision})`, async (t) => {
      const golden = await readGolden<SmallNetworkGolden>("vgg11-average-pooling-bn");
      const network = { ...smallNetwork(golden), precision };
      const training = buildTrainingGraph(network, {
        optimizer: { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
        learningRate: { kind: "constant", initial: 0.001, warmupEpochs: 0 },
        epochs: 1,
        ...PLAIN_TRAINING,
        stepsPerEpoch: 1,
      });
      const checkpoint = path.join(engine.folder, `trained-${precision}`);
      const { host } = engine;
      await using session = await host.openGraph(training);
      await restoreCheckpoint(
        session,
        await writeFormulaCheckpoint(engine, `untrained-${precision}`, training),
      );
      const images = () => fedImages("evaluation", IMAGES, network.imageSizePixels);
      const labels = fedLabels("evaluation", IMAGES, network.classCount);
      await session.run("train_step", { images: images(), labels });
      const { sha256 } = await saveCheckpoint(session, checkpoint);
      const { probabilities } = await session.run("predict", { images: images() });

      const folder = path.join(engine.folder, `export-${precision}`);
      const model = {
        network,
        checkpoint: { folder: checkpoint, sha256 },
        classNames: Array.from({ length: network.classCount }, (_, index) => `class ${index}`),
        dataset: { ref: "golden:1", hash: null },
        run: { id: "run_0", epoch: 1 },
      };
      await exportModel(host, model, folder);
      const { outputs } = await predictInPython(folder, network);
      const difference = greatestDifference(floats(probabilities), outputs.probabilities.flat());
      t.diagnostic(`greatest difference of a probability ${difference.toExponential(1)}`);
      assert.ok(difference <= TOLERANCE, `off by ${difference}`);
    });
  }
});
