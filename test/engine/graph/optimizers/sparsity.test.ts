import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Optimizer } from "../../../../src/core/runs/configuration.js";
import { GraphBuilder } from "../../../../src/graph/graph-builder.js";
import { constantValue } from "../../../../src/graph/initializers/constant-value.js";
import { placeholder } from "../../../../src/graph/ops/constants.js";
import { readVariable } from "../../../../src/graph/ops/variables.js";
import { applyGradients } from "../../../../src/graph/optimizers/apply-gradients.js";
import { Variables } from "../../../../src/graph/variables.js";
import { float32Value, graphOf, numberOf } from "../graph-of.js";
import { images, labels, TINY_NETWORK } from "../tiny-network.js";
import { integer, partOf, TrainingBench } from "../training-sessions.js";

const SPARSITY = 0.25;
const RATE = 0.1;
const PLAIN_SGD: Optimizer = { kind: "sgd", momentum: 0, nesterov: false };

let bench: TrainingBench;
before(async () => {
  bench = await TrainingBench.open();
});
after(() => bench[Symbol.asyncDispose]());

/** One step of gradient descent. @returns the gradient that moved each variable */
async function gradientsApplied(
  starts: Readonly<Record<string, number>>,
  gradient: number,
  clipNorm: number | null,
): Promise<Readonly<Record<string, number>>> {
  const graph = new GraphBuilder();
  const variables = new Variables(graph, 0);
  const rate = placeholder(graph, "rate", "float32", []);
  const step = placeholder(graph, "step", "float32", []);
  const fed = placeholder(graph, "gradient", "float32", []);
  const targets = Object.entries(starts).map(([name, start]) => {
    const variable = variables.create({
      name,
      shape: [],
      trainable: true,
      initializer: constantValue(start),
    });
    return { variable, value: readVariable(graph, variable.handle, variable), gradient: fed, readers: [] };
  });
  const updated = applyGradients(
    { graph, variables, learningRate: rate, step },
    { optimizer: PLAIN_SGD, weightDecay: 0, gradientClipNorm: clipNorm, sparsity: SPARSITY },
    targets,
    null,
  );
  const outputs = Object.fromEntries(
    targets.map(({ variable }) => [
      variable.name,
      readVariable(graph, variable.handle, variable, { after: updated }),
    ]),
  );
  const run = { inputs: { rate, step, gradient: fed }, outputs };
  await using session = await bench.engine.openGraph(graphOf(graph, { run }, variables));
  await session.run("init", {});
  const found = await session.run("run", {
    rate: float32Value([], [RATE]),
    step: float32Value([], [0]),
    gradient: float32Value([], [gradient]),
  });
  return Object.fromEntries(
    Object.entries(starts).map(([name, start]) => [name, (start - numberOf(found[name])) / RATE]),
  );
}

function close(found: number | undefined, expected: number, tolerance = 1e-5): void {
  assert.ok(Math.abs(found! - expected) <= tolerance, `${found} instead of ${expected}`);
}

const STARTS = { "a/gamma": 0.5, "b/gamma": -2, "c/gamma": 0, "a/beta": 0.5, "a/kernel": -0.5, "a/bias": 1 };

test("sparsity adds its sign to the gradient of scales alone, and nothing at 0", async () => {
  const applied = await gradientsApplied(STARTS, 0.3, null);
  close(applied["a/gamma"], 0.3 + SPARSITY);
  close(applied["b/gamma"], 0.3 - SPARSITY);
  close(applied["c/gamma"], 0.3);
  for (const name of ["a/beta", "a/kernel", "a/bias"]) close(applied[name], 0.3);
});

test("the penalty is added to the clipped gradient, and is not clipped itself", async () => {
  const applied = await gradientsApplied(STARTS, 3, 1);
  close(applied["a/gamma"], 1 / Math.sqrt(6) + SPARSITY);
  close(applied["a/kernel"], 1 / Math.sqrt(6));
});

test("the gradient is that of loss + sparsity * |scale|, by finite differences", async () => {
  const h = 1e-3;
  for (const start of [0.5, -2]) {
    const { "a/gamma": applied } = await gradientsApplied({ "a/gamma": start }, 0, null);
    const penalty = (scale: number) => SPARSITY * Math.abs(scale);
    close(applied, (penalty(start + h) - penalty(start - h)) / (2 * h));
  }
});

test("a step of a network moves each scale by rate * sparsity more, whole or in micro-batches", async () => {
  const training = {
    optimizer: PLAIN_SGD,
    learningRate: { kind: "constant", initial: RATE, warmupEpochs: 0 },
  } as const;
  const trained = async (sparsity: number, accumulation: boolean) => {
    const started = await bench.start(TINY_NETWORK, { ...training, sparsity, accumulation });
    await using session = started.session;
    if (accumulation) {
      for (const first of [0, 4]) {
        const part = partOf(8, first, first + 4, TINY_NETWORK.classCount);
        await session.run("accumulate", { ...part, first: integer(first), batch_size: integer(8) });
      }
      await session.run("apply", {});
    } else {
      await session.run("train_step", { images: images(8), labels: labels(8) });
    }
    // Awaited here: the session must outlive it.
    return await bench.values(started);
  };
  for (const accumulation of [false, true]) {
    const [plain, sparse] = [await trained(0, accumulation), await trained(1e-2, accumulation)];
    for (const [name, values] of sparse) {
      const moved = name.endsWith("/gamma") ? RATE * 1e-2 : 0;
      for (const [i, value] of values.entries()) close(plain.get(name)![i]! - value, moved, 1e-6);
    }
  }
});
