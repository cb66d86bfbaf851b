import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { LearningRate } from "../../../../src/core/runs/configuration.js";
import type { EngineHost } from "../../../../src/engine/engine-host.js";
import { GraphBuilder } from "../../../../src/graph/graph-builder.js";
import { learningRateAt } from "../../../../src/graph/learning-rate/learning-rate.js";
import { placeholder } from "../../../../src/graph/ops/constants.js";
import { startTestEngine } from "../../../testkit/engine.js";
import { PLAIN_TRAINING } from "../../../testkit/plain-training.js";
import { float32Value, graphOf, numberOf } from "../graph-of.js";

const EPOCHS = 6;
const STEPS_PER_EPOCH = 5;
const TOTAL_STEPS = EPOCHS * STEPS_PER_EPOCH;

let engine: EngineHost;
before(async () => {
  engine = await startTestEngine();
});
after(() => engine[Symbol.asyncDispose]());

/** The rates of steps 0 to a few beyond the end of the run. */
async function ratesOf(learningRate: LearningRate): Promise<number[]> {
  const graph = new GraphBuilder();
  const step = placeholder(graph, "step", "float32", []);
  const optimizer = { kind: "sgd", momentum: 0, nesterov: false } as const;
  const training = {
    ...PLAIN_TRAINING,
    optimizer,
    learningRate,
    epochs: EPOCHS,
    stepsPerEpoch: STEPS_PER_EPOCH,
  };
  const rate = learningRateAt(graph, training, step);
  await using session = await engine.openGraph(
    graphOf(graph, { run: { inputs: { step }, outputs: { rate } } }),
  );
  const rates: number[] = [];
  for (let index = 0; index < TOTAL_STEPS + 3; index++) {
    rates.push(numberOf((await session.run("run", { step: float32Value([], [index]) })).rate));
  }
  return rates;
}

/** The rounding error of a difference, such as the end of a cosine, is proportional to its operands. */
function assertRates(rates: readonly number[], closedForm: (step: number) => number): void {
  const tolerance = 1e-6 * Math.max(...rates);
  for (const [step, rate] of rates.entries()) {
    const expected = closedForm(step);
    const message = `step ${step}: ${rate} instead of ${expected}`;
    assert.ok(Math.abs(rate - expected) <= tolerance, message);
  }
}

test("a constant rate does not change", async () => {
  assertRates(await ratesOf({ kind: "constant", initial: 0.01, warmupEpochs: 0 }), () => 0.01);
});

test("a warm-up rises in a straight line to the rate, and may end within an epoch", async () => {
  const rates = await ratesOf({ kind: "constant", initial: 0.01, warmupEpochs: 1.6 });
  assertRates(rates, (step) => 0.01 * Math.min(1, (step + 1) / 8));
});

test("every step of a warm-up has a rate above 0, also the first and the only one", async () => {
  for (const warmupEpochs of [0.2, 1, EPOCHS - 0.2]) {
    const steps = Math.round(warmupEpochs * STEPS_PER_EPOCH);
    const rates = await ratesOf({ kind: "cosine", initial: 0.1, minimum: 0, warmupEpochs });
    // The first step after the warm-up has the full rate as well: the cosine begins there.
    assertRates(rates.slice(0, steps + 1), (step) => 0.1 * Math.min(1, (step + 1) / steps));
    assert.ok(rates[0]! > 0);
  }
});

test("a cosine falls from the initial rate to the minimum and stays there", async () => {
  const rates = await ratesOf({ kind: "cosine", initial: 0.1, minimum: 0.001, warmupEpochs: 0 });
  assertRates(rates, (step) => cosine(0.1, 0.001, step / TOTAL_STEPS));
});

test("a cosine after a warm-up spans the rest of the run", async () => {
  const rates = await ratesOf({ kind: "cosine", initial: 0.1, minimum: 0, warmupEpochs: 2 });
  assertRates(rates, (step) => (step < 10 ? (0.1 * (step + 1)) / 10 : cosine(0.1, 0, (step - 10) / 20)));
});

test("a warm-up that is as long as the run has no decay after it", async () => {
  const rates = await ratesOf({ kind: "cosine", initial: 0.1, minimum: 0, warmupEpochs: EPOCHS });
  assertRates(rates.slice(0, TOTAL_STEPS), (step) => (0.1 * (step + 1)) / TOTAL_STEPS);
});

function cosine(initial: number, minimum: number, fraction: number): number {
  return minimum + ((initial - minimum) * (1 + Math.cos(Math.PI * Math.min(1, fraction)))) / 2;
}
