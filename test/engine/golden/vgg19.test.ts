import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { restoreCheckpoint } from "../../../src/engine/checkpoints/checkpoint.js";
import type { Session } from "../../../src/engine/session.js";
import { layerTable } from "../../../src/graph/architectures/layer-table.js";
import { countParameters } from "../../../src/graph/architectures/network-spec.js";
import { buildServingGraph } from "../../../src/graph/architectures/serving-graph.js";
import { fingerprintDifference, greatestDifference } from "../../golden/difference.js";
import { fedImages, fedLabels, floats, scalar } from "../../golden/fed-values.js";
import { readGolden, type Vgg19Golden } from "../../golden/golden-file.js";
import { blackAndWhite, exactWeight, fingerprint, formulaImages } from "../../golden/golden-formula.js";
import { VGG19, writeFormulaCheckpoint } from "../../golden/networks/golden-networks.js";
import {
  ACTIVATION_PREFIX,
  buildInspectionGraph,
  GRADIENT_PREFIX,
} from "../../golden/networks/inspection-graph.js";
import { type EngineWithFolder, startEngineWithFolder } from "../../testkit/engine.js";

/** As in make_keras_golden.py. */
const IMAGES = 2;
const ACTIVATION_SAMPLES = 8;
const GRADIENT_SAMPLES = 32;

/** Absolute; logits reach 3.7. */
const OUTPUT_TOLERANCE = 1e-4;
/** Relative to a tensor's norm or maximum; TensorFlow's own gradients in float32 and float64 differ by 3e-6. */
const GRADIENT_TOLERANCE = 5e-5;
/** Exact activations differ by the nine digits that the file keeps of norm and projection. */
const EXACT_TOLERANCE = 1e-8;

const golden = await readGolden<Vgg19Golden>("vgg19-224");
const { imageSizePixels, classCount } = VGG19;

let engine: EngineWithFolder;
before(async () => {
  engine = await startEngineWithFolder();
});
after(() => engine[Symbol.asyncDispose]());

test("VGG19 has the published layers, shapes and 143,667,240 parameters", () => {
  const rows = layerTable(VGG19).map((row) => [row.name, row.outputShape, row.parameters]);
  assert.deepEqual(rows, golden.layers.slice(1));
  assert.equal(countParameters(VGG19), 143_667_240);
  assert.equal(golden.parameterCount, 143_667_240);
});

test("VGG19 at 224 pixels gives Keras's logits and probabilities", async (t) => {
  const graph = buildServingGraph(VGG19);
  await using session = await engine.host.openGraph(graph);
  await restoreCheckpoint(session, await writeFormulaCheckpoint(engine, "vgg19", graph));

  const images = fedImages("vgg19", IMAGES, imageSizePixels);
  const { logits, probabilities } = await session.run("serving_default", { images });
  const differences = {
    logits: greatestDifference(floats(logits), golden.evaluation.logits.flat()),
    probabilities: greatestDifference(floats(probabilities), golden.evaluation.probabilities.flat()),
  };
  t.diagnostic(`greatest differences ${JSON.stringify(differences)}`);
  for (const [output, difference] of Object.entries(differences)) {
    assert.ok(difference <= OUTPUT_TOLERANCE, `${output}: off by ${difference}`);
  }
});

describe("VGG19 at 224 pixels, with weights that cause no rounding", () => {
  let outputs: Awaited<ReturnType<Session["run"]>>;

  // One run returns all outputs for the tests below, about 1 GB.
  before(async () => {
    const graph = buildInspectionGraph(VGG19, { dropout: false });
    await using session = await engine.host.openGraph(graph);
    await restoreCheckpoint(session, await writeFormulaCheckpoint(engine, "vgg19", graph, exactWeight));
    const images = fedImages("vgg19", IMAGES, imageSizePixels);
    const data = blackAndWhite(formulaImages("vgg19", IMAGES, imageSizePixels));
    const labels = fedLabels("vgg19", IMAGES, classCount);
    outputs = await session.run("inspect", { images: { ...images, data }, labels });
  });

  test("gives exactly Keras's activations in every layer, and exactly its logits", () => {
    for (const [layer, expected] of Object.entries(golden.activations)) {
      const activation = floats(outputs[ACTIVATION_PREFIX + layer]);
      const found = fingerprint(`${layer}/activation`, activation, ACTIVATION_SAMPLES);
      const difference = fingerprintDifference(found, expected);
      assert.ok(difference <= EXACT_TOLERANCE, `${layer}: off by ${difference}`);
    }
    assert.deepEqual(floats(outputs.logits), Float32Array.from(golden.exact.logits.flat()));
    const loss = scalar(outputs.loss);
    assert.ok(Math.abs(loss - golden.exact.lossMean) <= 1e-5, `loss ${loss}, not ${golden.exact.lossMean}`);
  });

  test("has TensorFlow's gradient of every variable", (t) => {
    const found = Object.keys(outputs).filter((output) => output.startsWith(GRADIENT_PREFIX));
    assert.deepEqual(
      found.map((output) => output.slice(GRADIENT_PREFIX.length)),
      Object.keys(golden.gradients),
    );
    const differences: number[] = [];
    for (const [variable, expected] of Object.entries(golden.gradients)) {
      const gradient = floats(outputs[GRADIENT_PREFIX + variable]);
      const difference = fingerprintDifference(
        fingerprint(`${variable}/gradient`, gradient, GRADIENT_SAMPLES),
        expected,
      );
      differences.push(difference);
      assert.ok(difference <= GRADIENT_TOLERANCE, `${variable}: off by ${difference} of its norm`);
    }
    t.diagnostic(`greatest difference ${Math.max(...differences).toExponential(1)} of a gradient's norm`);
  });
});
