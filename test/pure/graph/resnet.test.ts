import assert from "node:assert/strict";
import { test } from "node:test";
import {
  layerTable,
  networkVariables,
  shapedLayersOf,
} from "../../../src/graph/architectures/layer-table.js";
import { countParameters, type NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { CUSTOM_OPS, type CustomOp } from "../../../src/graph/custom-op.js";
import { elementCount } from "../../../src/graph/tensor-spec.js";
import { publishedResnet, trainingNodes } from "./networks.js";

/** torchvision counts what gradients change, without the moving statistics. */
const PUBLISHED_PARAMETERS = {
  RESNET18: 11_689_512,
  RESNET34: 21_797_672,
  RESNET50: 25_557_032,
} as const;

for (const [architecture, parameters] of Object.entries(PUBLISHED_PARAMETERS)) {
  test(`${architecture} has its published number of parameters`, () => {
    const network = publishedResnet(architecture as keyof typeof PUBLISHED_PARAMETERS);
    const variables = networkVariables(network);
    const elements = (trainable: boolean) =>
      variables
        .filter((variable) => variable.trainable === trainable)
        .reduce((total, { shape }) => total + elementCount(shape), 0);
    assert.equal(elements(true), parameters);
    assert.equal(countParameters(network), parameters + elements(false));
  });
}

/** He et al. (2016), table 1: the outputs at 224 pixels of the stem, its pooling and the four stages. */
test("the stages of ResNets give the sizes of the published table", () => {
  const outputsOf = (architecture: keyof typeof PUBLISHED_PARAMETERS) => {
    const rows = layerTable(publishedResnet(architecture));
    return [1, 2, 3, 4, 5].map((stage) => rows.findLast((row) => row.stage === stage)?.outputShape);
  };
  const sizes = [56, 56, 28, 14, 7];
  const shapesOf = (widths: readonly number[]) => widths.map((width, i) => [sizes[i], sizes[i], width]);
  assert.deepEqual(outputsOf("RESNET18"), shapesOf([64, 64, 128, 256, 512]));
  assert.deepEqual(outputsOf("RESNET34"), shapesOf([64, 64, 128, 256, 512]));
  assert.deepEqual(outputsOf("RESNET50"), shapesOf([64, 256, 512, 1024, 2048]));
});

test("a residual block adds its input, which is projected only where the shape changes", () => {
  const layers = shapedLayersOf(publishedResnet("RESNET18"));
  const inputsOf = (name: string) => layers.find(({ layer }) => layer.name === name)?.inputs;
  assert.deepEqual(inputsOf("conv2_block1_add"), ["conv2_block1_2_bn", "pool1_pool"]);
  assert.deepEqual(inputsOf("conv2_block2_add"), ["conv2_block2_2_bn", "conv2_block1_out"]);
  assert.deepEqual(inputsOf("conv3_block1_add"), ["conv3_block1_2_bn", "conv3_block1_0_bn"]);
  assert.deepEqual(inputsOf("conv3_block1_0_conv"), ["conv2_block2_out"]);
});

test("the bottleneck has its stride in the 3 x 3 convolution: version 1.5", () => {
  const strided = shapedLayersOf(publishedResnet("RESNET50")).flatMap(({ layer }) =>
    layer.kind === "Conv2D" && layer.stride === 2 && layer.name.startsWith("conv4") ? [layer] : [],
  );
  assert.deepEqual(
    strided.map(({ name, kernelSize }) => [name, kernelSize]),
    [
      ["conv4_block1_2_conv", 3],
      ["conv4_block1_0_conv", 1],
    ],
  );
});

test("every width of a ResNet follows the multiplier", () => {
  const network = { ...publishedResnet("RESNET50"), widthMultiplier: 1 / 16 };
  const widths = layerTable(network)
    .filter(({ kind }) => kind === "Add")
    .map(({ outputShape }) => outputShape.at(-1));
  assert.deepEqual([...new Set(widths)], [16, 32, 64, 128]);
});

test("a ResNet without batch normalization, or with hidden layers, is refused", () => {
  const network = publishedResnet("RESNET18");
  assert.throws(() => countParameters({ ...network, batchNormalization: false }), {
    code: "NETWORK_INVALID",
    path: ["batchNormalization"],
  });
  const head = { kind: "FULLY_CONNECTED", units: 8, dropout: 0 } as const;
  assert.throws(() => countParameters({ ...network, head }), {
    code: "NETWORK_INVALID",
    path: ["head", "kind"],
  });
});

/** How often each operation stands in the forward pass of a training step. */
function operationsOf(network: NetworkSpec, customOps: readonly CustomOp[]): (op: string) => number {
  const step = trainingNodes(network, { customOps }).filter(({ name }) => name.startsWith("train/"));
  return (op) => step.filter((node) => node.op === op).length;
}

test("in bfloat16 the custom ops compute the 3 x 3 convolutions of stride 1 and every normalization", () => {
  const network: NetworkSpec = { ...publishedResnet("RESNET18"), precision: "MIXED_BFLOAT16" };
  const count = operationsOf(network, CUSTOM_OPS);
  assert.equal(count("EspalierConv2D"), 13);
  // The stem, the first convolution of three stages, and three projections.
  assert.equal(count("Conv2D"), 7);
  assert.equal(count("EspalierBatchStatistics"), 20);
  assert.equal(count("FusedBatchNormV3"), 0);
  // The ReLU behind an addition; every other one is a part of its normalization.
  assert.equal(count("Relu"), 8);
});

test("without custom ops, and in float32, TensorFlow computes all layers", () => {
  const resnet18 = publishedResnet("RESNET18");
  for (const count of [
    operationsOf({ ...resnet18, precision: "MIXED_BFLOAT16" }, []),
    operationsOf(resnet18, CUSTOM_OPS),
  ]) {
    assert.equal(count("EspalierConv2D") + count("EspalierBatchNorm"), 0);
    assert.equal(count("Conv2D"), 20);
    assert.equal(count("FusedBatchNormV3"), 20);
    assert.equal(count("Relu"), 17);
  }
});
