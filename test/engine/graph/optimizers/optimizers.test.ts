import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Optimizer } from "../../../../src/core/runs/configuration.js";
import type { EngineHost } from "../../../../src/engine/engine-host.js";
import { GraphBuilder } from "../../../../src/graph/graph-builder.js";
import { ones } from "../../../../src/graph/initializers/constant-value.js";
import { placeholder } from "../../../../src/graph/ops/constants.js";
import { multiply } from "../../../../src/graph/ops/math.js";
import { readVariable } from "../../../../src/graph/ops/variables.js";
import { optimizerRule } from "../../../../src/graph/optimizers/optimizer.js";
import { Variables } from "../../../../src/graph/variables.js";
import { startTestEngine } from "../../../testkit/engine.js";
import { float32Value, graphOf, numbersOf } from "../graph-of.js";

/** An optimizer's update of a weight, written from its paper. */
type Reference = (weight: number, gradient: number, rate: number, step: number) => number;

function adamReference(beta1: number, beta2: number, epsilon: number): Reference {
  let [m, v] = [0, 0];
  return (weight, gradient, rate, step) => {
    m = beta1 * m + (1 - beta1) * gradient;
    v = beta2 * v + (1 - beta2) * gradient ** 2;
    const corrected = (rate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step);
    return weight - (corrected * m) / (Math.sqrt(v) + epsilon);
  };
}

function sgdReference(momentum: number, nesterov: boolean): Reference {
  let velocity = 0;
  return (weight, gradient, rate) => {
    velocity = momentum * velocity - rate * gradient;
    return weight + (nesterov ? momentum * velocity - rate * gradient : velocity);
  };
}

const CASES: readonly { name: string; optimizer: Optimizer; reference: () => Reference; slots: string[] }[] =
  [
    {
      name: "Adam",
      optimizer: { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
      reference: () => adamReference(0.9, 0.999, 1e-7),
      slots: ["weight/adam_m", "weight/adam_v"],
    },
    {
      name: "Adam with other settings",
      optimizer: { kind: "adam", beta1: 0.5, beta2: 0.9, epsilon: 1e-3 },
      reference: () => adamReference(0.5, 0.9, 1e-3),
      slots: ["weight/adam_m", "weight/adam_v"],
    },
    {
      name: "SGD",
      optimizer: { kind: "sgd", momentum: 0, nesterov: false },
      reference: () => sgdReference(0, false),
      slots: [],
    },
    {
      name: "SGD with momentum",
      optimizer: { kind: "sgd", momentum: 0.9, nesterov: false },
      reference: () => sgdReference(0.9, false),
      slots: ["weight/momentum"],
    },
    {
      name: "SGD with Nesterov's momentum",
      optimizer: { kind: "sgd", momentum: 0.9, nesterov: true },
      reference: () => sgdReference(0.9, true),
      slots: ["weight/momentum"],
    },
  ];

const GRADIENTS = [
  [0.5, -1, 0.001],
  [0.25, 2, -0.002],
  [-1, 0, 0.004],
  [0.125, -3, 0],
];
const RATES = [0.1, 0.05, 0.2, 0.01];

let engine: EngineHost;
before(async () => {
  engine = await startTestEngine();
});
after(() => engine[Symbol.asyncDispose]());

for (const { name, optimizer, reference, slots } of CASES) {
  test(`${name} moves weights as its definition says`, async () => {
    const graph = new GraphBuilder();
    const variables = new Variables(graph, 0);
    const weight = variables.create({ name: "weight", shape: [3], trainable: true, initializer: ones });
    const fed = {
      gradient: placeholder(graph, "gradient", "float32", [3]),
      rate: placeholder(graph, "rate", "float32", []),
      step: placeholder(graph, "step", "float32", []),
    };
    const update = optimizerRule(optimizer).begin({
      graph,
      variables,
      learningRate: fed.rate,
      step: fed.step,
    });
    const updated = update(weight, multiply(graph, fed.gradient, ones(graph, [], [0, 0])), []);
    const after = readVariable(graph, weight.handle, weight, { after: [updated] });
    assert.deepEqual(
      variables.all.map((variable) => variable.name),
      ["weight", ...slots],
    );

    await using session = await engine.openGraph(
      graphOf(graph, { run: { inputs: fed, outputs: { after } } }, variables),
    );
    await session.run("init", {});
    const rules = [reference(), reference(), reference()];
    let expected = [1, 1, 1];
    for (const [step, gradient] of GRADIENTS.entries()) {
      const rate = RATES[step]!;
      const inputs = { gradient: float32Value([3], gradient), rate: float32Value([], [rate]) };
      const outputs = await session.run("run", { ...inputs, step: float32Value([], [step]) });
      expected = expected.map((value, i) => rules[i]!(value, gradient[i]!, rate, step + 1));
      for (const [i, value] of numbersOf(outputs.after).entries()) {
        const message = `step ${step}, weight ${i}: ${value} instead of ${expected[i]}`;
        assert.ok(Math.abs(value - expected[i]!) <= 2e-6, message);
      }
    }
  });
}
