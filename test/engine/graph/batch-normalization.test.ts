import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { EngineHost } from "../../../src/engine/engine-host.js";
import { GraphBuilder } from "../../../src/graph/graph-builder.js";
import { batchNormalization } from "../../../src/graph/layers/batch-normalization.js";
import { ForwardPass } from "../../../src/graph/layers/forward-pass.js";
import { cast, identity } from "../../../src/graph/ops/array.js";
import { placeholder } from "../../../src/graph/ops/constants.js";
import { readVariable } from "../../../src/graph/ops/variables.js";
import { Variables } from "../../../src/graph/variables.js";
import { startTestEngine } from "../../testkit/engine.js";
import { float32Value, graphOf, numbersOf } from "./graph-of.js";

let engine: EngineHost;
before(async () => {
  engine = await startTestEngine();
});
after(() => engine[Symbol.asyncDispose]());

/** Two images of 2 x 2 pixels with two channels: 1 to 8, and ten times that. */
const PIXELS = Array.from({ length: 8 }, (_, i) => [i + 1, (i + 1) * 10]).flat();
const MEAN = [4.5, 45];
const VARIANCE = [5.25, 525];
const BESSEL = 8 / 7;

for (const computeType of ["float32", "bfloat16"] as const) {
  const near = (found: number, expected: number) => {
    const tolerance = computeType === "float32" ? 1e-5 : 1e-2;
    const message = `${found} instead of ${expected}`;
    assert.ok(Math.abs(found - expected) <= tolerance * Math.max(1, Math.abs(expected)), message);
  };

  test(`${computeType}: training normalizes by the batch and moves the statistics a tenth of the way`, async () => {
    const graph = new GraphBuilder();
    const variables = new Variables(graph, 0);
    const layer = batchNormalization({ name: "bn", epsilon: 1e-3 });
    for (const variable of layer.variables([2, 2, 2])) variables.create(variable);
    const input = placeholder(graph, "input", "float32", [null, 2, 2, 2]);
    const apply = (pass: ForwardPass) =>
      cast(graph, layer.apply(pass, cast(graph, input, computeType)), "float32");

    const inference = new ForwardPass(graph, variables, { kind: "inference" }, computeType);
    const evaluated = apply(inference);
    assert.equal(inference.stateUpdates.length, 0);
    const training = new ForwardPass(
      graph,
      variables,
      { kind: "training", draw: null, microBatchSize: 1 },
      computeType,
    );
    const trained = identity(graph, apply(training), { after: training.stateUpdates });
    const after = { after: training.stateUpdates };
    const [mean, variance] = ["bn/moving_mean", "bn/moving_variance"].map((name) => {
      const variable = variables.get(name);
      return readVariable(graph, variable.handle, variable, after);
    });

    const inputs = { input };
    const calls = {
      train: { inputs, outputs: { trained, mean: mean!, variance: variance! } },
      evaluate: { inputs, outputs: { evaluated } },
    };
    await using session = await engine.openGraph(graphOf(graph, calls, variables));
    await session.run("init", {});
    const fed = () => ({ input: float32Value([2, 2, 2, 2], PIXELS) });

    const first = await session.run("train", fed());
    for (const [i, value] of numbersOf(first.trained).entries()) {
      const channel = i % 2;
      near(value, (PIXELS[i]! - MEAN[channel]!) / Math.sqrt(VARIANCE[channel]! + 1e-3));
    }
    for (const channel of [0, 1]) {
      near(numbersOf(first.mean)[channel]!, 0.1 * MEAN[channel]!);
      near(numbersOf(first.variance)[channel]!, 0.9 + 0.1 * BESSEL * VARIANCE[channel]!);
    }

    const second = await session.run("train", fed());
    near(numbersOf(second.mean)[0]!, (0.1 + 0.09) * MEAN[0]!);
    const [movedMean, movedVariance] = [numbersOf(second.mean), numbersOf(second.variance)];
    const { evaluated: found } = await session.run("evaluate", fed());
    for (const [i, value] of numbersOf(found).entries()) {
      const channel = i % 2;
      near(value, (PIXELS[i]! - movedMean[channel]!) / Math.sqrt(movedVariance[channel]! + 1e-3));
    }
  });
}
