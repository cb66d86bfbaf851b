import assert from "node:assert/strict";
import { after, before, describe, type TestContext, test } from "node:test";
import type { ComputePrecision, FillMode } from "../../../src/core/enumerations.js";
import type { EngineHost } from "../../../src/engine/engine-host.js";
import type { CustomOp } from "../../../src/graph/custom-op.js";
import { gradients } from "../../../src/graph/gradients/gradients.js";
import { GraphBuilder } from "../../../src/graph/graph-builder.js";
import type { Tensor } from "../../../src/graph/graph-node.js";
import { zeros } from "../../../src/graph/initializers/constant-value.js";
import { reluActivation } from "../../../src/graph/layers/activation.js";
import { batchNormalization } from "../../../src/graph/layers/batch-normalization.js";
import { dense } from "../../../src/graph/layers/dense.js";
import { ForwardPass } from "../../../src/graph/layers/forward-pass.js";
import { cast, identity } from "../../../src/graph/ops/array.js";
import { placeholder } from "../../../src/graph/ops/constants.js";
import { conv2D } from "../../../src/graph/ops/convolution.js";
import {
  BIASED_CONVOLUTION,
  BIASED_PRODUCT,
  type BiasedOp,
  biased,
  biasedBackpropKernel,
} from "../../../src/graph/ops/custom/biased-ops.js";
import { projectiveTransformOfBytes } from "../../../src/graph/ops/custom/custom-ops.js";
import { projectiveTransform } from "../../../src/graph/ops/image.js";
import { biasAdd, matMul, multiply, relu } from "../../../src/graph/ops/math.js";
import { sum } from "../../../src/graph/ops/reduction.js";
import { assignVariable, readVariable } from "../../../src/graph/ops/variables.js";
import { elementCount } from "../../../src/graph/tensor-spec.js";
import { Variables } from "../../../src/graph/variables.js";
import { startTestEngine } from "../../testkit/engine.js";
import { assertSamePixels } from "../../testkit/files/same-pixels.js";
import { seededRandom } from "../../testkit/random.js";
import { float32Value, graphOf, numberOf, numbersOf } from "./graph-of.js";
import { images, labels, TINY_NETWORK } from "./tiny-network.js";
import { TrainingBench } from "./training-sessions.js";

let engine: EngineHost;
before(async () => {
  engine = await startTestEngine();
});
after(() => engine[Symbol.asyncDispose]());

/** Skips the test when the engine lacks the operation, as on machines without AVX-512 and bf16. */
function has(context: TestContext, op: CustomOp): boolean {
  if (engine.info.customOps.includes(op)) return true;
  context.skip(`the engine has no ${op} on this processor`);
  return false;
}

const random = seededRandom(11);

function noise(shape: readonly number[], scale = 1): number[] {
  return Array.from({ length: elementCount(shape) }, () => scale * (random() + random() - 1));
}

/** Largest distance between two lists, as a fraction of the largest number in the second. */
function distance(found: readonly number[], expected: readonly number[]): number {
  assert.equal(found.length, expected.length);
  return maximum(found.map((value, i) => value - expected[i]!)) / maximum(expected);
}

/** Maximum of the absolute values. */
function maximum(numbers: readonly number[]): number {
  return numbers.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

describe("a convolution", () => {
  for (const [use, imageShape, filters] of [
    ["one pixel", [1, 1, 1, 16], 16],
    ["an odd width", [2, 5, 7, 16], 32],
    ["more rows than columns", [3, 9, 2, 48], 16],
    ["a row wider than a span", [1, 3, 530, 16], 64],
    ["filters that fill no panel", [2, 6, 6, 32], 48],
    ["several blocks of channels and filters", [2, 6, 6, 128], 128],
    ["many small images", [70, 4, 4, 64], 64],
    ["an image in several strips", [1, 150, 40, 64], 64],
  ] as const) {
    test(`and its gradients equal those of float32: ${use}`, async (context) => {
      if (!has(context, "EspalierConv2D")) return;
      await assertExact(BIASED_CONVOLUTION, conv2D, imageShape, [3, 3, imageShape[3], filters]);
    });
  }

  test("with ReLU gives 0, and a gradient of 0, where the result would be negative", async (context) => {
    if (!has(context, "EspalierConv2D")) return;
    await assertRectified(BIASED_CONVOLUTION, [2, 9, 6, 16], [3, 3, 16, 32]);
  });

  test("refuses more images than gradients without affecting the engine", async (context) => {
    if (!has(context, "EspalierConv2D")) return;
    const graph = new GraphBuilder(new Set(engine.info.customOps));
    const input = placeholder(graph, "input", "float32", [null, 4, 4, 16]);
    const gradient = placeholder(graph, "gradient", "float32", [null, 4, 4, 16]);
    const node = biasedBackpropKernel(
      graph,
      BIASED_CONVOLUTION,
      cast(graph, input, "bfloat16"),
      cast(graph, gradient, "bfloat16"),
    );
    const call = { inputs: { input, gradient }, outputs: { kernel: node.output(0) } };
    await using session = await engine.openGraph(graphOf(graph, { run: call }));
    const feed = (count: number) => ({
      input: float32Value([count, 4, 4, 16], noise([count, 4, 4, 16])),
      gradient: float32Value([2, 4, 4, 16], noise([2, 4, 4, 16])),
    });
    await assert.rejects(session.run("run", feed(3)), {
      code: "ENGINE_ERROR",
      message: /shapes that differ/,
    });
    assert.equal(numbersOf((await session.run("run", feed(2))).kernel).length, 9 * 16 * 16);
  });
});

describe("a dense layer", () => {
  for (const [use, rows, inputs, units] of [
    ["one row", 1, 32, 32],
    ["as many rows as are summed together", 8, 160, 64],
    ["an odd number of rows, and of blocks of inputs", 11, 96, 128],
    ["more inputs than units", 16, 2080, 32],
  ] as const) {
    test(`and its gradients equal those of float32: ${use}`, async (context) => {
      if (!has(context, "EspalierDense")) return;
      await assertExact(BIASED_PRODUCT, matMul, [rows, inputs], [inputs, units]);
    });
  }

  test("with ReLU gives 0, and a gradient of 0, where the result would be negative", async (context) => {
    if (!has(context, "EspalierDense")) return;
    await assertRectified(BIASED_PRODUCT, [3, 64], [64, 32]);
  });

  test("is read in float32 only for few rows", (context) => {
    if (!has(context, "EspalierDense")) return;
    const opsFor = (microBatchSize: number) => {
      const graph = new GraphBuilder(new Set(engine.info.customOps));
      const variables = new Variables(graph, 0);
      const layer = dense({ ...HIDDEN, activation: "relu", kernelInitializer: zeros, inFloat32: false });
      for (const variable of layer.variables([64])) variables.create(variable);
      const input = placeholder(graph, "input", "bfloat16", [null, 64]);
      const mode = { kind: "training", draw: null, microBatchSize } as const;
      layer.apply(new ForwardPass(graph, variables, mode, "bfloat16"), input);
      return graph.nodes.map(({ op }) => op);
    };
    assert.ok(opsFor(16).includes("EspalierDense"));
    assert.ok(!opsFor(17).includes("EspalierDense"));
  });
});

const HIDDEN = { name: "fc1", width: 32 };

/** As fractions of the largest number. Winograd's transforms round twice where TensorFlow rounds once. */
const MAX_DISTANCES = { result: 1.2e-2, input: 1.2e-2, kernel: 4e-3, bias: 4e-3 };

/** Compares an operation and its gradients with TensorFlow's in float32. */
async function assertExact(
  own: BiasedOp,
  theirs: (graph: GraphBuilder, input: Tensor, kernel: Tensor) => Tensor,
  inputShape: readonly number[],
  kernelShape: readonly number[],
): Promise<void> {
  const bench = biasedBench(inputShape, kernelShape);
  const { graph, given } = bench;
  const rounded = cast(graph, bench.input, "float32");
  const exact = biasAdd(graph, theirs(graph, rounded, given.kernel), given.bias);
  const outputs = {
    ...named(
      "own",
      bench.outputsOf(biased(graph, own, bench.input, given.kernel, given.bias, { relu: false })),
    ),
    ...named("exact", bench.outputsOf(exact)),
  };
  await using session = await engine.openGraph(graphOf(graph, { run: { inputs: given, outputs } }));
  const found = await session.run("run", bench.feed());
  for (const [output, most] of Object.entries(MAX_DISTANCES)) {
    const far = distance(numbersOf(found[`own ${output}`]), numbersOf(found[`exact ${output}`]));
    assert.ok(far < most, `${output} is off by ${far}`);
  }
  assert.deepEqual(await session.run("run", bench.feed()), found, "the same inputs give the same bytes");
}

/** Compares an operation that includes ReLU with the same operation followed by TensorFlow's ReLU. */
async function assertRectified(
  own: BiasedOp,
  inputShape: readonly number[],
  kernelShape: readonly number[],
): Promise<void> {
  const bench = biasedBench(inputShape, kernelShape);
  const { graph, given } = bench;
  const result = (options: { readonly relu: boolean }) =>
    biased(graph, own, bench.input, given.kernel, given.bias, options);
  const outputs = {
    ...named("own", bench.outputsOf(result({ relu: true }))),
    ...named("theirs", bench.outputsOf(relu(graph, result({ relu: false })))),
  };
  await using session = await engine.openGraph(graphOf(graph, { run: { inputs: given, outputs } }));
  const found = await session.run("run", bench.feed());
  for (const output of Object.keys(MAX_DISTANCES)) {
    assert.deepEqual(found[`own ${output}`], found[`theirs ${output}`], output);
  }
  assert.equal(Math.min(...numbersOf(found["own result"])), 0);
}

/** Inputs of such an operation, and the gradients of a loss behind it, which weights every number of its result. */
function biasedBench(inputShape: readonly number[], kernelShape: readonly number[]) {
  const graph = new GraphBuilder(new Set(engine.info.customOps));
  const outputs = kernelShape.at(-1) ?? 0;
  const shapes = {
    input: inputShape,
    weights: [...inputShape.slice(0, -1), outputs],
    kernel: kernelShape,
    bias: [outputs],
  };
  const given = {
    input: placeholder(graph, "input", "float32", shapes.input),
    weights: placeholder(graph, "weights", "float32", shapes.weights),
    kernel: placeholder(graph, "kernel", "float32", shapes.kernel),
    bias: placeholder(graph, "bias", "float32", shapes.bias),
  };
  const values = Object.entries(shapes).map(([name, shape]) => [name, shape, noise(shape)] as const);
  const outputsOf = (result: Tensor) => {
    const weights = cast(graph, cast(graph, given.weights, "bfloat16"), "float32");
    const weighed = multiply(graph, cast(graph, result, "float32"), weights);
    const loss = sum(
      graph,
      weighed,
      inputShape.map((_, axis) => axis),
    );
    const byTarget = gradients(graph, loss, [given.input, given.kernel, given.bias]);
    return {
      result: cast(graph, result, "float32"),
      input: byTarget.get(given.input)!,
      kernel: byTarget.get(given.kernel)!,
      bias: byTarget.get(given.bias)!,
    };
  };
  return {
    graph,
    given,
    input: cast(graph, given.input, "bfloat16"),
    outputsOf,
    feed: () =>
      Object.fromEntries(values.map(([name, shape, numbers]) => [name, float32Value(shape, numbers)])),
  };
}

function named<T>(prefix: string, values: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix} ${name}`, value]));
}

for (const [use, shape] of [
  ["few pixels", [2, 3, 5, 16]],
  ["many pixels and channels", [8, 32, 32, 48]],
  ["one pixel", [1, 1, 1, 16]],
] as const) {
  for (const activation of ["with ReLU", "without"] as const) {
    test(`batch normalization ${activation} equals TensorFlow's: ${use}`, async (context) => {
      if (!has(context, "EspalierBatchNorm")) return;
      const rectified = activation === "with ReLU";
      const found = await normalized(new Set(engine.info.customOps), shape, rectified);
      const expected = await normalized(new Set(), shape, rectified);
      assert.deepEqual([found.own, expected.own], [true, false]);
      for (const [name, numbers] of Object.entries(expected.numbers)) {
        const far = distance(found.numbers[name]!, numbers);
        // Values that should be zero are compared by their absolute size.
        assert.ok(
          far < 1.2e-2 || maximum(found.numbers[name]!) < 1e-3,
          `${name} of ${shape} is off by ${far}`,
        );
      }
    });
  }
}

/** Outputs and gradients of batch normalization in bf16, and its results with moved and with given statistics. */
async function normalized(customOps: ReadonlySet<CustomOp>, shape: readonly number[], rectified: boolean) {
  const draw = seededRandom(5);
  const numbers = (sizes: readonly number[], from: number, to: number) =>
    float32Value(
      sizes,
      Array.from({ length: elementCount(sizes) }, () => from + (to - from) * draw()),
    );
  const channels = shape[3] ?? 0;
  const graph = new GraphBuilder(customOps);
  const variables = new Variables(graph, 0);
  const layer = batchNormalization({ name: "bn", epsilon: 1e-3 });
  for (const variable of layer.variables(shape.slice(1))) variables.create(variable);
  const x = placeholder(graph, "x", "float32", shape);
  const weights = placeholder(graph, "weights", "float32", shape);
  const scale = placeholder(graph, "scale", "float32", [channels]);
  const offset = placeholder(graph, "offset", "float32", [channels]);
  const apply = (pass: ForwardPass): Tensor => {
    const result = layer.apply(pass, cast(graph, x, "bfloat16"));
    return cast(graph, rectified ? reluActivation("relu").apply(pass, result) : result, "float32");
  };
  const training = new ForwardPass(
    graph,
    variables,
    { kind: "training", draw: null, microBatchSize: 1 },
    "bfloat16",
  );
  const trained = apply(training);
  const evaluated = apply(new ForwardPass(graph, variables, { kind: "inference" }, "bfloat16"));
  const loss = sum(graph, multiply(graph, trained, weights), [0, 1, 2, 3]);
  const [gamma, beta] = [training.value("bn/gamma"), training.value("bn/beta")];
  const byTarget = gradients(graph, loss, [x, gamma, beta]);
  const set = ["gamma", "beta"].map((name, index) => {
    const variable = variables.get(`bn/${name}`);
    return assignVariable(graph, variable.handle, variable, identity(graph, index === 0 ? scale : offset));
  });
  const after = { after: training.stateUpdates };
  const [mean, variance] = ["moving_mean", "moving_variance"].map((name) => {
    const variable = variables.get(`bn/${name}`);
    return readVariable(graph, variable.handle, variable, after);
  });
  const outputs = {
    trained,
    x: byTarget.get(x)!,
    scale: byTarget.get(gamma)!,
    offset: byTarget.get(beta)!,
    mean: mean!,
    variance: variance!,
  };
  const calls = {
    set: { inputs: { scale, offset }, outputs: { done: identity(graph, scale, { after: set }) } },
    train: { inputs: { x, weights }, outputs },
    evaluate: { inputs: { x }, outputs: { evaluated } },
  };
  await using session = await engine.openGraph(graphOf(graph, calls, variables));
  await session.run("init", {});
  await session.run("set", { scale: numbers([channels], -1, 2), offset: numbers([channels], -1, 1) });
  const found = {
    ...(await session.run("train", { x: numbers(shape, -2, 5), weights: numbers(shape, -1, 1) })),
    ...(await session.run("evaluate", { x: numbers(shape, -2, 5) })),
  };
  return {
    own: graph.nodes.some(({ op }) => op === "EspalierBatchNorm"),
    numbers: Object.fromEntries(Object.entries(found).map(([name, value]) => [name, numbersOf(value)])),
  };
}

for (const fillMode of ["CONSTANT", "NEAREST", "REFLECT", "WRAP"] satisfies FillMode[]) {
  test(`images are transformed bit for bit as by TensorFlow: ${fillMode}`, async (context) => {
    if (!has(context, "EspalierProjectiveTransform")) return;
    for (const [height, width] of [
      [9, 13],
      [1, 4],
      [6, 1],
    ] as const) {
      const count = 24;
      const shape = [count, height, width, 3];
      const graph = new GraphBuilder(new Set(engine.info.customOps));
      const images = placeholder(graph, "images", "uint8", shape);
      const transforms = placeholder(graph, "transforms", "float32", [count, 8]);
      const outputs = {
        own: projectiveTransformOfBytes(graph, images, transforms, fillMode),
        theirs: projectiveTransform(graph, cast(graph, images, "float32"), transforms, fillMode),
      };
      await using session = await engine.openGraph(
        graphOf(graph, { run: { inputs: { images, transforms }, outputs } }),
      );
      const bytes = Uint8Array.from({ length: elementCount(shape) }, () => Math.floor(256 * random()));
      // The first transform is the identity; the last ones shift by many image widths.
      const matrices = Array.from({ length: count }, (_, index) => {
        if (index === 0) return [1, 0, 0, 0, 1, 0, 0, 0];
        const away = index > 16 ? 90 : 4;
        return [...noise([2], 1.5), ...noise([1], away), ...noise([2], 1.5), ...noise([1], away), 0, 0];
      });
      const { own, theirs } = await session.run("run", {
        images: { dtype: "uint8", shape, data: bytes },
        transforms: float32Value([count, 8], matrices.flat()),
      });
      assertSamePixels(numbersOf(own), numbersOf(theirs), `${fillMode}, ${height} x ${width}`);
    }
  });
}

test("logits of VGG19 with custom ops are about as close to float32 as TensorFlow's in bfloat16", async (context) => {
  if (!has(context, "EspalierConv2D")) return;
  await using bench = await TrainingBench.open();
  const network = {
    ...TINY_NETWORK,
    architecture: "VGG19",
    batchNormalization: false,
    widthMultiplier: 1 / 2,
  } as const;
  const logits = async (precision: ComputePrecision, customOps: readonly CustomOp[]) => {
    const { session } = await bench.start({ ...network, precision }, { customOps });
    await using opened = session;
    return numbersOf((await opened.run("predict", { images: images(32) })).logits);
  };
  const exact = await logits("FLOAT32", []);
  const theirs = distance(await logits("MIXED_BFLOAT16", []), exact);
  const own = distance(await logits("MIXED_BFLOAT16", bench.engine.info.customOps), exact);
  context.diagnostic(`largest differences: ${own} with own operations, ${theirs} without`);
  assert.ok(own < 2 * theirs, `${own} with own operations, ${theirs} without`);
  assert.notEqual(own, theirs);
});

test("a network learns equally well with and without the custom ops", async () => {
  await using bench = await TrainingBench.open();
  const network = { ...TINY_NETWORK, widthMultiplier: 1 / 4, precision: "MIXED_BFLOAT16" } as const;
  const losses: number[][] = [];
  for (const customOps of [[], bench.engine.info.customOps]) {
    const { session } = await bench.start(network, { customOps });
    await using training = session;
    const course: number[] = [];
    for (let step = 0; step < 12; step++) {
      const batch = { images: images(16), labels: labels(16) };
      course.push(numberOf((await training.run("train_step", batch)).loss));
    }
    losses.push(course);
  }
  const [without, withThem] = losses as [number[], number[]];
  assert.ok(without.at(-1)! < without[0]! / 2, `without: ${without}`);
  for (const [step, loss] of withThem.entries()) {
    assert.ok(
      Math.abs(loss - without[step]!) < 0.05 * without[0]!,
      `step ${step}: ${withThem} and ${without}`,
    );
  }
});
