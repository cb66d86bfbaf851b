import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { restoreCheckpoint } from "../../../src/engine/checkpoint.js";
import type { Session } from "../../../src/engine/session.js";
import {
  ACTIVATION_PREFIX,
  buildInspectionGraph,
  GRADIENT_PREFIX,
} from "../../../src/graph/architectures/inspection-graph.js";
import { layerTable } from "../../../src/graph/architectures/layer-table.js";
import { countParameters } from "../../../src/graph/architectures/network-spec.js";
import { fingerprintDifference, greatestDifference } from "../../golden/difference.js";
import {
  fedLabels,
  fedPictures,
  floats,
  type GoldenEngine,
  scalar,
  startGoldenEngine,
} from "../../golden/golden-engine.js";
import { readGolden, type Vgg19Golden } from "../../golden/golden-file.js";
import { fingerprint } from "../../golden/golden-formula.js";
import { VGG19, writeFormulaCheckpoint } from "../../golden/golden-networks.js";

/** As in make_keras_golden.py. */
const PICTURES = 2;
const ACTIVATION_SAMPLES = 8;
const GRADIENT_SAMPLES = 32;

/** Absolute; logits reach 3.7. */
const OUTPUT_TOLERANCE = 1e-4;
/** Of a tensor's norm or greatest value. */
const ACTIVATION_TOLERANCE = 1e-4;
const GRADIENT_TOLERANCE = 1e-3;

const golden = await readGolden<Vgg19Golden>("vgg19-224");

test("VGG19 has the published layers, shapes and 143,667,240 parameters", () => {
  const rows = layerTable(VGG19).map((row) => [row.name, row.outputShape, row.parameters]);
  assert.deepEqual(rows, golden.layers.slice(1));
  assert.equal(countParameters(VGG19), 143_667_240);
});

describe("VGG19 at 224 pixels on given weights", () => {
  let engine: GoldenEngine;
  let outputs: Awaited<ReturnType<Session["run"]>>;

  // One run of a batch gives everything that the tests below look at: about 2 GB.
  before(async () => {
    engine = await startGoldenEngine();
    const graph = buildInspectionGraph(VGG19, { dropout: false });
    await using session = await engine.host.openGraph(graph);
    await restoreCheckpoint(session, await writeFormulaCheckpoint(engine, "vgg19", graph));
    outputs = await session.run("inspect", {
      images: fedPictures("vgg19", PICTURES, VGG19.imageSizePixels),
      labels: fedLabels("vgg19", PICTURES, VGG19.classCount),
    });
  });
  after(() => engine[Symbol.asyncDispose]());

  test("gives Keras's logits, probabilities and loss", (t) => {
    const logits = floats(outputs.logits);
    const classes = VGG19.classCount;
    const probabilities = [0, 1].flatMap((row) =>
      softmax(logits.subarray(row * classes, (row + 1) * classes)),
    );
    const differences = {
      logits: greatestDifference(logits, golden.evaluation.logits.flat()),
      probabilities: greatestDifference(probabilities, golden.evaluation.probabilities.flat()),
      loss: Math.abs(scalar(outputs.loss) - golden.evaluation.lossMean),
    };
    t.diagnostic(`greatest differences ${JSON.stringify(differences)}`);
    for (const [output, difference] of Object.entries(differences)) {
      assert.ok(difference <= OUTPUT_TOLERANCE, `${output}: off by ${difference}`);
    }
  });

  test("gives Keras's activations in every layer", (t) => {
    const differences: number[] = [];
    for (const [layer, expected] of Object.entries(golden.activations)) {
      const activation = floats(outputs[ACTIVATION_PREFIX + layer]);
      const found = fingerprint(`${layer}/activation`, activation, ACTIVATION_SAMPLES);
      const difference = fingerprintDifference(found, expected);
      differences.push(difference);
      assert.ok(difference <= ACTIVATION_TOLERANCE, `${layer}: off by ${difference}`);
    }
    t.diagnostic(`greatest difference ${Math.max(...differences).toExponential(1)} of a layer's norm`);
  });

  test("has TensorFlow's gradient of every variable", (t) => {
    const found = Object.keys(outputs).filter((output) => output.startsWith(GRADIENT_PREFIX));
    assert.equal(found.length, 38);
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

/** In float64, so that only the logits can be at fault. */
function softmax(logits: Float32Array): number[] {
  const exponentials = Array.from(logits, (logit) => Math.exp(logit));
  const total = exponentials.reduce((sum, value) => sum + value, 0);
  return exponentials.map((value) => value / total);
}
