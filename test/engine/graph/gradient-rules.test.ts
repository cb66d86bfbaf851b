import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { EngineHost } from "../../../src/engine/engine-host.js";
import type { Session } from "../../../src/engine/session.js";
import { GRADIENT_RULES } from "../../../src/graph/gradients/gradient-rules.js";
import { gradients } from "../../../src/graph/gradients/gradients.js";
import { GraphBuilder } from "../../../src/graph/graph-builder.js";
import { constant, placeholder } from "../../../src/graph/ops/constants.js";
import { multiply } from "../../../src/graph/ops/math.js";
import { sum } from "../../../src/graph/ops/reduction.js";
import { elementCount } from "../../../src/graph/tensor-spec.js";
import { startTestEngine } from "../../testkit/engine.js";
import { GRADIENT_CASES, type GradientCase, type GradientInput } from "./gradient-cases.js";
import { float32Value, graphOf, numbersOf } from "./graph-of.js";

/** Relative to the largest gradient of an input: central differences of float32 results are good to some 1e-3. */
const TOLERANCE = 5e-3;

let engine: EngineHost;
before(async () => {
  engine = await startTestEngine();
});
after(() => engine[Symbol.asyncDispose]());

test("every gradient rule is checked", () => {
  const checked = new Set(GRADIENT_CASES.map(({ op }) => op));
  // Custom ops compute in bf16, which is too coarse for finite differences; custom-ops.test.ts checks them.
  const expected = Object.keys(GRADIENT_RULES).filter((op) => !op.startsWith("Espalier"));
  assert.deepEqual([...checked].sort(), expected.sort());
});

for (const gradientCase of GRADIENT_CASES) {
  const { op, use, inputs, move = 0.01 } = gradientCase;
  test(`the gradient of ${op} equals finite differences: ${use}`, async () => {
    const { graph, weights } = buildCase(gradientCase);
    await using session = await engine.openGraph(graph);
    const values = inputs.map(valuesOf);
    const outputs = await run(session, inputs, values);

    for (const [index, input] of inputs.entries()) {
      if (input.constant === true) continue;
      const found = numbersOf(outputs[`gradient${index}`]);
      const expected: number[] = [];
      for (const element of values[index]!.keys()) {
        const [above, below] = [move, -move].map((step) =>
          values.map((list, i) => (i === index ? list.with(element, list[element]! + step) : list)),
        );
        const difference =
          (await weightedSum(session, inputs, above!, weights)) -
          (await weightedSum(session, inputs, below!, weights));
        expected.push(difference / (2 * move));
      }
      const largest = Math.max(...expected.map(Math.abs));
      for (const [element, value] of expected.entries()) {
        assert.ok(
          Math.abs(found[element]! - value) <= TOLERANCE * largest,
          `input ${index}, element ${element}: ${found[element]} instead of ${value}`,
        );
      }
    }
  });
}

/** A graph that gives the result and the gradients of the result's weighted sum. */
function buildCase({ op, inputs, build }: GradientCase) {
  const graph = new GraphBuilder();
  const fed = inputs.map(({ shape, openBatch }, index) =>
    placeholder(graph, `input${index}`, "float32", openBatch === true ? [null, ...shape.slice(1)] : shape),
  );
  const result = build(graph, ...fed);
  assert.ok(
    graph.nodes.some((node) => node.op === op),
    `the case uses ${op}`,
  );

  // Unequal weights, so that a gradient in the wrong place does not go unnoticed.
  const shape = result.shape.map((size) => size ?? inputs[0]!.shape[0]!);
  const weights = spread(elementCount(shape), 3);
  const content = new Uint8Array(Float32Array.from(weights).buffer);
  const weighted = multiply(graph, result, constant(graph, "weights", { dtype: "float32", shape, content }));
  const loss = sum(graph, weighted, [...shape.keys()]);

  const targets = fed.filter((_, index) => inputs[index]!.constant !== true);
  const byTarget = gradients(graph, loss, targets);
  const fetched = fed.flatMap((target, index) => {
    const gradient = byTarget.get(target);
    return gradient === undefined ? [] : [[`gradient${index}`, gradient] as const];
  });
  const outputs = { result, ...Object.fromEntries(fetched) };
  const fedByName = Object.fromEntries(fed.map((tensor, index) => [`input${index}`, tensor]));
  return { graph: graphOf(graph, { run: { inputs: fedByName, outputs } }), weights };
}

function run(session: Session, inputs: readonly GradientInput[], values: readonly (readonly number[])[]) {
  const fed = inputs.map(({ shape }, index) => [`input${index}`, float32Value(shape, values[index]!)]);
  return session.run("run", Object.fromEntries(fed));
}

/** Summed here in double precision, so that float32 rounds each result once. */
async function weightedSum(
  session: Session,
  inputs: readonly GradientInput[],
  values: readonly (readonly number[])[],
  weights: readonly number[],
): Promise<number> {
  const { result } = await run(session, inputs, values);
  return numbersOf(result).reduce((total, value, index) => total + value * weights[index]!, 0);
}

function valuesOf({ shape, values }: GradientInput, index: number): readonly number[] {
  return values ?? spread(elementCount(shape), index);
}

/** Distinct values in (-1, 1) in a scattered order, at least 1 / count away from 0. */
function spread(count: number, offset: number): number[] {
  const even = count + (count % 2);
  const stride = [7, 11, 13, 17, 5, 3, 1].find((candidate) => even % candidate !== 0) ?? 1;
  return Array.from({ length: count }, (_, i) => (2 * (((i + offset) * stride) % even) + 1) / even - 1);
}
