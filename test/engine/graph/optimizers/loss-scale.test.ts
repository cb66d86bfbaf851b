import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Optimizer } from "../../../../src/core/runs/configuration.js";
import type { EngineHost } from "../../../../src/engine/engine-host.js";
import { GraphBuilder } from "../../../../src/graph/graph-builder.js";
import type { Tensor } from "../../../../src/graph/graph-node.js";
import { ones } from "../../../../src/graph/initializers/constant-value.js";
import { cast } from "../../../../src/graph/ops/array.js";
import { int64, placeholder } from "../../../../src/graph/ops/constants.js";
import { add, multiply } from "../../../../src/graph/ops/math.js";
import { assignVariable, readVariable } from "../../../../src/graph/ops/variables.js";
import { LossScale } from "../../../../src/graph/optimizers/loss-scale.js";
import { optimizerRule } from "../../../../src/graph/optimizers/optimizer.js";
import { Variables } from "../../../../src/graph/variables.js";
import { startTestEngine } from "../../../testkit/engine.js";
import { float32Value, graphOf, int32Value, numberOf, numbersOf } from "../graph-of.js";

let engine: EngineHost;
before(async () => {
  engine = await startTestEngine();
});
after(() => engine[Symbol.asyncDispose]());

/** One weight [2] that follows a fed gradient under a loss scale; `count` sets the number of finite steps. */
async function openScaled(optimizer: Optimizer = { kind: "sgd", momentum: 0, nesterov: false }) {
  const graph = new GraphBuilder();
  const variables = new Variables(graph, 0);
  const weight = variables.create({ name: "weight", shape: [2], trainable: true, initializer: ones });
  const lossScale = new LossScale(graph, variables);
  const loss = placeholder(graph, "loss", "float32", []);
  const scaledGradient = placeholder(graph, "gradient", "float32", [2]);
  const rate = placeholder(graph, "rate", "float32", []);
  const step = placeholder(graph, "step", "int32", []);
  const gradient = lossScale.unscale(scaledGradient);
  const updates = cast(graph, lossScale.updates(cast(graph, step, "int64")), "float32");
  const rule = optimizerRule(optimizer).begin({ graph, variables, learningRate: rate, step: updates });
  const done = lossScale.guard([gradient], (placed) => [rule(placed(weight), gradient, [])]);
  const read = (name: string): Tensor => {
    const variable = variables.get(name);
    return readVariable(graph, variable.handle, variable, { after: done });
  };
  const fed = placeholder(graph, "count", "int32", []);
  const counter = variables.get("loss_scale/good_steps");
  const counted = assignVariable(
    graph,
    counter.handle,
    counter,
    add(graph, cast(graph, fed, "int64"), int64(graph, 0)),
  );
  const count = readVariable(graph, counter.handle, counter, { after: [counted] });
  return engine.openGraph(
    graphOf(
      graph,
      {
        step: {
          inputs: { gradient: scaledGradient, rate, step },
          outputs: { weight: read("weight"), scale: read("loss_scale"), good: read("loss_scale/good_steps") },
        },
        scaled: { inputs: { loss }, outputs: { scaled: multiply(graph, lossScale.scale(loss), loss) } },
        count: { inputs: { count: fed }, outputs: { count } },
      },
      variables,
    ),
  );
}

const stepWith = (gradient: readonly number[], step = 0) => ({
  gradient: float32Value([2], gradient),
  rate: float32Value([], [0.5]),
  step: int32Value([], [step]),
});

test("a loss is scaled by 32768 at first, and gradients are scaled back", async () => {
  await using session = await openScaled();
  await session.run("init", {});
  const { scaled } = await session.run("scaled", { loss: float32Value([], [2]) });
  assert.equal(numberOf(scaled), 2 * 2 * 32768);
  const { weight, scale, good } = await session.run("step", stepWith([32768, -65536]));
  assert.deepEqual(numbersOf(weight), [1 - 0.5, 1 + 0.5 * 2]);
  assert.deepEqual([numberOf(scale), numberOf(good)], [32768, 1]);
});

test("a step with a gradient that is not finite changes no weights and halves the scale", async () => {
  await using session = await openScaled();
  await session.run("init", {});
  for (const [index, bad] of [Number.POSITIVE_INFINITY, Number.NaN].entries()) {
    const { weight, scale, good } = await session.run("step", stepWith([bad, 32768]));
    assert.deepEqual(numbersOf(weight), [1, 1]);
    assert.deepEqual([numberOf(scale), numberOf(good)], [32768 / 2 ** (index + 1), 0]);
  }
  const { weight } = await session.run("step", stepWith([8192, 0]));
  assert.deepEqual(numbersOf(weight), [0.5, 1], "the next sound step goes on");
});

test("two thousand finite steps in a row double the scale", async () => {
  await using session = await openScaled();
  await session.run("init", {});
  await session.run("count", { count: int32Value([], [1998]) });
  const almost = await session.run("step", stepWith([0, 0]));
  assert.deepEqual([numberOf(almost.scale), numberOf(almost.good)], [32768, 1999]);
  const grown = await session.run("step", stepWith([0, 0]));
  assert.deepEqual([numberOf(grown.scale), numberOf(grown.good)], [65536, 0]);
});

test("Adam corrects for the steps that changed the weights, not for those that were skipped", async () => {
  await using session = await openScaled({ kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-7 });
  await session.run("init", {});
  for (const step of [0, 1, 2]) await session.run("step", stepWith([Number.NaN, 0], step));
  const { weight } = await session.run("step", stepWith([8192, -4096], 3));
  // Adam's first step is as long as the rate, whatever the gradient.
  for (const [i, expected] of [0.5, 1.5].entries()) {
    assert.ok(Math.abs(numbersOf(weight)[i]! - expected) < 1e-4, `${numbersOf(weight)}`);
  }
});
