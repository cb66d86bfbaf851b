import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { EngineHost } from "../../../src/engine/engine-host.js";
import { GraphBuilder } from "../../../src/graph/graph-builder.js";
import { int32Vector, placeholder } from "../../../src/graph/ops/constants.js";
import {
  type ConvolutionSize,
  conv2DBackpropFilter,
  convolutionName,
  type Padding,
} from "../../../src/graph/ops/convolution.js";
import { startTestEngine } from "../../testkit/engine.js";
import { float32Value, graphOf, numbersOf } from "./graph-of.js";

let engine: EngineHost;
before(async () => {
  engine = await startTestEngine();
});
after(() => engine[Symbol.asyncDispose]());

const IMAGES = 3;
const CASES: readonly (ConvolutionSize & { readonly padding: Padding })[] = [
  { height: 14, width: 14, channels: 16, filters: 32, kernelSize: 3, stride: 1, padding: "SAME" },
  { height: 15, width: 9, channels: 5, filters: 3, kernelSize: 3, stride: 2, padding: 1 },
  { height: 32, width: 32, channels: 3, filters: 8, kernelSize: 7, stride: 2, padding: 3 },
  { height: 8, width: 8, channels: 64, filters: 16, kernelSize: 1, stride: 1, padding: "SAME" },
];

for (const size of CASES) {
  const name = convolutionName(size);
  test(`Eigen gives the same kernel gradient as oneDNN, and each time the same bytes: ${name}`, async () => {
    const [byEigen, again] = await kernelGradients(size, new Set([name]));
    const [expected] = await kernelGradients(size, new Set());
    assert.deepEqual(again, byEigen);
    const largest = Math.max(...expected!.map(Math.abs));
    for (const [element, value] of expected!.entries()) {
      assert.ok(Math.abs(byEigen![element]! - value) <= 1e-5 * largest, `${byEigen![element]}, not ${value}`);
    }
  });
}

/** The gradient of one convolution on random values, twice. */
async function kernelGradients(
  size: (typeof CASES)[number],
  eigenKernelGradients: ReadonlySet<string>,
): Promise<readonly (readonly number[])[]> {
  const { height, width, channels, filters, kernelSize, stride, padding } = size;
  const imagesShape = [IMAGES, height, width, channels];
  const gradientShape = [IMAGES, Math.ceil(height / stride), Math.ceil(width / stride), filters];
  const kernelShape = [kernelSize, kernelSize, channels, filters];
  const graph = new GraphBuilder(new Set(), eigenKernelGradients);
  const images = placeholder(graph, "images", "float32", imagesShape);
  const gradient = placeholder(graph, "gradient", "float32", gradientShape);
  const sizes = int32Vector(graph, kernelShape);
  const kernel = conv2DBackpropFilter(graph, images, sizes, kernelShape, gradient, { stride, padding });
  const calls = { compute: { inputs: { images, gradient }, outputs: { kernel } } };
  await using session = await engine.openGraph(graphOf(graph, calls));
  const computed = async (): Promise<readonly number[]> => {
    const fed = { images: waves(imagesShape, 0.7), gradient: waves(gradientShape, 1.3) };
    return numbersOf((await session.run("compute", fed)).kernel);
  };
  return [await computed(), await computed()];
}

function waves(shape: readonly number[], frequency: number) {
  const count = shape.reduce((product, size) => product * size, 1);
  return float32Value(
    shape,
    Array.from({ length: count }, (_, index) => Math.sin(index * frequency)),
  );
}
