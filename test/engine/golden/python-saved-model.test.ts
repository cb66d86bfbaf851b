import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import type { NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { buildServingGraph } from "../../../src/graph/architectures/serving-graph.js";
import { greatestDifference } from "../../golden/difference.js";
import { floats } from "../../golden/fed-values.js";
import { readGolden, type SmallNetworkGolden } from "../../golden/golden-file.js";
import { type ExportedNetwork, exportTrained } from "../../golden/networks/exported-network.js";
import { smallNetwork, writeFormulaCheckpoint } from "../../golden/networks/golden-networks.js";
import { type EngineWithFolder, startEngineWithFolder } from "../../testkit/engine.js";
import { askGoldenScript, whyNoPython } from "../../testkit/test-python.js";

const skip = await whyNoPython("tensorflow");
const skipOnnx = await whyNoPython("tensorflow", "tf2onnx");

/** Absolute, of probabilities. */
const TOLERANCE = 1e-5;
/** Converters fold constants and normalization, which rounds differently. */
const CONVERTED_TOLERANCE = 1e-4;
const CONVERTED_PIXELS = 32;
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
    test(`opens the registry's export of a network trained in ${precision}, which computes in float32`, async (t) => {
      const golden = await readGolden<SmallNetworkGolden>("vgg11-average-pooling-bn");
      const network = { ...smallNetwork(golden), precision };
      const { folder, probabilities } = await exportTrained(engine, precision, network, IMAGES);
      const { outputs } = await predictInPython(folder, network);
      const difference = greatestDifference(floats(probabilities), outputs.probabilities.flat());
      t.diagnostic(`greatest difference of a probability ${difference.toExponential(1)}`);
      assert.ok(difference <= TOLERANCE, `off by ${difference}`);
    });
  }

  test("TensorFlow Lite's converter accepts exports as they are, and its models classify the same", async (t) => {
    await classifiesConverted(t, engine, "tflite");
  });

  test("tf2onnx accepts exports as they are, and its models classify the same", {
    skip: skipOnnx,
  }, async (t) => {
    await classifiesConverted(t, engine, "onnx");
  });
});

/** Networks that exercise every layer, preprocessing and precision, and training with custom ops. */
function networksToConvert({ host }: EngineWithFolder) {
  const vgg: NetworkSpec = {
    architecture: "VGG11",
    batchNormalization: false,
    widthMultiplier: 1 / 4,
    imageSizePixels: CONVERTED_PIXELS,
    head: { kind: "FULLY_CONNECTED", units: 16, dropout: 0.5 },
    preprocessing: "IMAGENET_CAFFE",
    precision: "FLOAT32",
    classCount: 5,
    seed: 0,
  };
  const pooled = { ...vgg.head, kind: "GLOBAL_AVERAGE_POOLING" } as const;
  const custom = { ...vgg, batchNormalization: true, head: pooled, precision: "MIXED_BFLOAT16" } as const;
  return [
    { name: "plain", network: vgg, customOps: [] },
    {
      name: "custom",
      network: { ...custom, preprocessing: "SCALE_MINUS_1_1" } as const,
      customOps: host.info.customOps,
    },
    {
      name: "resnet",
      network: { ...custom, architecture: "RESNET18", preprocessing: "IMAGENET_TORCH" } as const,
      customOps: [],
    },
  ];
}

async function classifiesConverted(
  t: TestContext,
  engine: EngineWithFolder,
  converter: "tflite" | "onnx",
): Promise<void> {
  const exported: ExportedNetwork[] = [];
  for (const { name, network, customOps } of networksToConvert(engine)) {
    exported.push(await exportTrained(engine, `${converter}-${name}`, network, IMAGES, customOps));
  }
  const answers = await askGoldenScript<Readonly<Record<string, readonly number[][]>>>(
    "convert_saved_model.py",
    ...[converter, "evaluation", String(IMAGES), String(CONVERTED_PIXELS)],
    ...exported.map(({ folder }) => folder),
  );
  for (const { folder, probabilities } of exported) {
    const difference = greatestDifference(floats(probabilities), answers[folder]?.flat() ?? []);
    t.diagnostic(
      `${path.basename(folder)}: greatest difference of a probability ${difference.toExponential(1)}`,
    );
    assert.ok(difference <= CONVERTED_TOLERANCE, `${path.basename(folder)} off by ${difference}`);
  }
}
