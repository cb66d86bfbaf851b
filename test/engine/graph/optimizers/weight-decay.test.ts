import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Optimizer } from "../../../../src/core/runs/configuration.js";
import type { EngineHost } from "../../../../src/engine/engine-host.js";
import { GraphBuilder } from "../../../../src/graph/graph-builder.js";
import { ones } from "../../../../src/graph/initializers/constant-value.js";
import { placeholder } from "../../../../src/graph/ops/constants.js";
import { readVariable } from "../../../../src/graph/ops/variables.js";
import { applyGradients } from "../../../../src/graph/optimizers/apply-gradients.js";
import { Variables } from "../../../../src/graph/variables.js";
import { startTestEngine } from "../../../testkit/engine.js";
import { float32Value, graphOf, numberOf } from "../graph-of.js";

const DECAY = 0.25;
const [BETA_1, BETA_2, EPSILON] = [0.9, 0.999, 1e-7];
const RATES = [0.1, 0.05, 0.2];
const NAMES = ["layer/kernel", "layer/bias", "layer/gamma", "layer/beta"];
/** One row per step, one column per variable; the norms, 1.94, 2.18 and 2.71, lie around the limit below. */
const GRADIENTS = [
  [0.5, -1, 1.5, -0.5],
  [-0.5, 0.5, 2, -0.5],
  [1.5, 2, 1, 0.3],
];

/** Returns the weight after step t, counted from 1; `decay` is 0 for variables without weight decay. */
type Rule = (weight: number, gradient: number, rate: number, t: number, decay: number) => number;

/** Kingma and Ba, 2015, with the learning rate in the form at the end of section 2. */
function adamMove(): (gradient: number, rate: number, t: number) => number {
  let [m, v] = [0, 0];
  return (gradient, rate, t) => {
    m = BETA_1 * m + (1 - BETA_1) * gradient;
    v = BETA_2 * v + (1 - BETA_2) * gradient ** 2;
    return (rate * Math.sqrt(1 - BETA_2 ** t) * m) / ((1 - BETA_1 ** t) * (Math.sqrt(v) + EPSILON));
  };
}

/** Loshchilov and Hutter, 2019, algorithm 2: L2 regularization is part of the gradient, decay is not. */
const CASES: readonly { title: string; optimizer: Optimizer; rule: () => Rule }[] = [
  {
    title: "AdamW subtracts decay from the weight, regardless of its gradients",
    optimizer: { kind: "adamW", beta1: BETA_1, beta2: BETA_2, epsilon: EPSILON },
    rule: () => {
      const move = adamMove();
      return (weight, gradient, rate, t, decay) => weight - rate * decay * weight - move(gradient, rate, t);
    },
  },
  {
    title: "Adam adds decay to the gradient that it adapts to",
    optimizer: { kind: "adam", beta1: BETA_1, beta2: BETA_2, epsilon: EPSILON },
    rule: () => {
      const move = adamMove();
      return (weight, gradient, rate, t, decay) => weight - move(gradient + decay * weight, rate, t);
    },
  },
  {
    title: "SGD adds decay to the gradient that its momentum accumulates",
    optimizer: { kind: "sgd", momentum: 0.9, nesterov: false },
    rule: () => {
      let velocity = 0;
      return (weight, gradient, rate, _t, decay) => {
        velocity = 0.9 * velocity - rate * (gradient + decay * weight);
        return weight + velocity;
      };
    },
  },
];

let engine: EngineHost;
before(async () => {
  engine = await startTestEngine();
});
after(() => engine[Symbol.asyncDispose]());

for (const { title, optimizer, rule } of CASES) {
  for (const [when, clipNorm] of [
    ["", null],
    [", which was clipped before", 2.1],
  ] as const) {
    test(`${title}${when}; biases and normalization do not decay`, async () => {
      const graph = new GraphBuilder();
      const variables = new Variables(graph, 0);
      const fed = {
        rate: placeholder(graph, "rate", "float32", []),
        step: placeholder(graph, "step", "float32", []),
      };
      const targets = NAMES.map((name, index) => {
        const variable = variables.create({ name, shape: [], trainable: true, initializer: ones });
        const gradient = placeholder(graph, `gradient_${index}`, "float32", []);
        return { variable, value: readVariable(graph, variable.handle, variable), gradient, readers: [] };
      });
      const updated = applyGradients(
        { graph, variables, learningRate: fed.rate, step: fed.step },
        { optimizer, weightDecay: DECAY, gradientClipNorm: clipNorm, sparsity: 0 },
        targets,
        null,
      );
      const inputs = {
        ...fed,
        ...Object.fromEntries(targets.map(({ gradient }, index) => [`gradient_${index}`, gradient])),
      };
      const outputs = Object.fromEntries(
        targets.map(({ variable }) => [
          variable.name,
          readVariable(graph, variable.handle, variable, { after: updated }),
        ]),
      );
      await using session = await engine.openGraph(graphOf(graph, { run: { inputs, outputs } }, variables));
      await session.run("init", {});

      const rules = NAMES.map(rule);
      let expected = NAMES.map(() => 1);
      for (const [step, gradients] of GRADIENTS.entries()) {
        const rate = RATES[step]!;
        const found = await session.run("run", {
          rate: float32Value([], [rate]),
          step: float32Value([], [step]),
          ...Object.fromEntries(gradients.map((each, i) => [`gradient_${i}`, float32Value([], [each])])),
        });
        const factor = clipNorm === null ? 1 : Math.min(1, clipNorm / Math.hypot(...gradients));
        expected = expected.map((weight, i) => {
          const decay = NAMES[i] === "layer/kernel" ? DECAY : 0;
          return rules[i]!(weight, gradients[i]! * factor, rate, step + 1, decay);
        });
        for (const [i, name] of NAMES.entries()) {
          const value = numberOf(found[name]);
          const message = `${name} after step ${step + 1}: ${value} instead of ${expected[i]}`;
          assert.ok(Math.abs(value - expected[i]!) <= 2e-6, message);
        }
      }
    });
  }
}
