import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { ComputePrecision } from "../../../src/core/enumerations.js";
import { restoreCheckpoint } from "../../../src/engine/checkpoints/checkpoint.js";
import { buildServingGraph } from "../../../src/graph/architectures/serving-graph.js";
import { greatestDifference, relativeDifference } from "../../golden/difference.js";
import { fedImages, fedLabels, floats, scalar } from "../../golden/fed-values.js";
import {
  readGolden,
  readGradients,
  SMALL_NETWORKS,
  type SmallNetworkGolden,
} from "../../golden/golden-file.js";
import { blackAndWhite, exactWeight, formulaImages } from "../../golden/golden-formula.js";
import { smallNetwork, writeFormulaCheckpoint } from "../../golden/networks/golden-networks.js";
import {
  ACTIVATION_PREFIX,
  buildInspectionGraph,
  GRADIENT_PREFIX,
} from "../../golden/networks/inspection-graph.js";
import { type EngineWithFolder, startEngineWithFolder } from "../../testkit/engine.js";

/**
 * bf16 keeps 8 bits of a number, so every operation is off by up to 2^-9 = 0.2 %, and outputs by up to
 * some percent of their own size.
 */
const PROBABILITY_TOLERANCE = 0.005;
const LOSS_TOLERANCE = 0.03;
/**
 * Minimum cosine between a gradient in bf16 and in float32. They differ by a multiple of the square root of the
 * rounding error, since rounding moves units across a ReLU's zero and a pooling's maximum: the cosine in the first
 * layer is 0.87 with oneDNN, and 0.59 with TensorFlow's own kernels, which also accumulate in bf16.
 */
const MIN_COSINE = 0.5;
/** Relative to a gradient's maximum, where rounding moves no unit across: 0.008 with oneDNN, 0.06 without. */
const EXACT_GRADIENT_TOLERANCE = 0.1;

let engine: EngineWithFolder;
before(async () => {
  engine = await startEngineWithFolder();
});
after(() => engine[Symbol.asyncDispose]());

for (const name of SMALL_NETWORKS) {
  const golden = await readGolden<SmallNetworkGolden>(name);
  const inPrecision = (precision: ComputePrecision) => ({ ...smallNetwork(golden), precision });
  const { imageSizePixels, classCount } = inPrecision("FLOAT32");

  test(`${name} in bf16 classifies nearly as Keras does in float32`, async (t) => {
    const graph = buildServingGraph(inPrecision("MIXED_BFLOAT16"));
    await using session = await engine.host.openGraph(graph);
    await restoreCheckpoint(session, await writeFormulaCheckpoint(engine, name, graph));
    const images = fedImages("evaluation", golden.evaluation.logits.length, imageSizePixels);
    const { probabilities } = await session.run("serving_default", { images });
    const difference = greatestDifference(floats(probabilities), golden.evaluation.probabilities.flat());
    t.diagnostic(`greatest difference of a probability ${difference.toExponential(1)}`);
    assert.ok(difference <= PROBABILITY_TOLERANCE, `off by ${difference}`);
    assert.ok(difference > 1e-6, "bf16 must have been used at all");
  });

  test(`${name} in bf16 has nearly TensorFlow's loss and gradients in float32`, async (t) => {
    const graph = buildInspectionGraph(inPrecision("MIXED_BFLOAT16"), { dropout: false });
    await using session = await engine.host.openGraph(graph);
    await restoreCheckpoint(session, await writeFormulaCheckpoint(engine, name, graph));
    const count = golden.training.logits.length;
    const outputs = await session.run("inspect", {
      images: fedImages("step 1", count, imageSizePixels),
      labels: fedLabels("step 1", count, classCount),
    });
    const { lossMean } = golden.training;
    const loss = Math.abs(scalar(outputs.loss) - lossMean) / lossMean;
    assert.ok(loss <= LOSS_TOLERANCE, `loss: off by ${loss}`);
    const cosines: number[] = [];
    for (const [variable, expected] of await readGradients(name, golden.gradients)) {
      const cosine = cosineOf(floats(outputs[GRADIENT_PREFIX + variable]), expected);
      cosines.push(cosine);
      assert.ok(cosine >= MIN_COSINE, `${variable}: cosine ${cosine}`);
    }
    t.diagnostic(`loss off by ${loss.toFixed(4)}, minimum cosine ${Math.min(...cosines).toFixed(3)}`);
  });

  // Normalizing divides, so nothing stays exact.
  if (golden.network.batchNormalization) continue;
  test(`${name} in bf16 equals float32 where bf16 can hold every activation`, async (t) => {
    const inspect = async (precision: ComputePrecision) => {
      const graph = buildInspectionGraph(inPrecision(precision), { dropout: false });
      await using session = await engine.host.openGraph(graph);
      await restoreCheckpoint(session, await writeFormulaCheckpoint(engine, name, graph, exactWeight));
      const data = blackAndWhite(formulaImages("step 1", 8, imageSizePixels));
      const images = { ...fedImages("step 1", 8, imageSizePixels), data };
      return session.run("inspect", { images, labels: fedLabels("step 1", 8, classCount) });
    };
    const expected = await inspect("FLOAT32");
    const found = await inspect("MIXED_BFLOAT16");
    const differences: number[] = [];
    for (const [output, value] of Object.entries(expected)) {
      if (output.startsWith(GRADIENT_PREFIX)) {
        const difference = relativeDifference(floats(found[output]), floats(value));
        differences.push(difference);
        assert.ok(difference <= EXACT_GRADIENT_TOLERANCE, `${output}: off by ${difference}`);
      } else if (output.startsWith(ACTIVATION_PREFIX) && output !== `${ACTIVATION_PREFIX}predictions`) {
        assert.deepEqual(found[output], value, output);
      }
    }
    t.diagnostic(`greatest difference of a gradient ${Math.max(...differences).toFixed(4)}`);
  });
}

function cosineOf(a: Float32Array, b: Float32Array): number {
  const product = a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  return product / (Math.hypot(...a) * Math.hypot(...b));
}
