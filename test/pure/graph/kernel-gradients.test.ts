import assert from "node:assert/strict";
import { test } from "node:test";
import {
  learnedConvolutions,
  operationsPerImage,
} from "../../../src/graph/architectures/kernel-gradient-probe.js";
import type { NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { PUBLISHED_VGG19, publishedResnet, trainingNodes } from "./networks.js";

/** How often a training graph computes kernel gradients by TensorFlow's operation, and how often by Eigen. */
function gradientsOf(network: NetworkSpec, eigenKernelGradients: readonly string[], frozenStages = 0) {
  const nodes = trainingNodes(network, { frozenStages, eigenKernelGradients });
  const count = (op: string) => nodes.filter((node) => node.op === op).length;
  return [count("Conv2DBackpropFilter"), count("EigenConv2DBackpropFilter")];
}

test("the convolutions that a network learns have the names by which its graph knows them", () => {
  for (const [network, frozenStages, convolutions] of [
    [PUBLISHED_VGG19, 0, 16],
    [PUBLISHED_VGG19, 3, 8],
    [publishedResnet("RESNET18"), 0, 20],
    [publishedResnet("RESNET50"), 0, 53],
    [publishedResnet("RESNET50"), 2, 42],
  ] as const) {
    const names = [...learnedConvolutions(network, frozenStages).keys()];
    assert.deepEqual(gradientsOf(network, names, frozenStages), [0, convolutions], network.architecture);
  }
});

test("Eigen computes the named convolutions alone", () => {
  assert.deepEqual(gradientsOf(PUBLISHED_VGG19, ["3x3, 28x28x512 -> 512", "no such convolution"]), [13, 3]);
  assert.deepEqual(gradientsOf(publishedResnet("RESNET18"), ["3x3, 56x56x64 -> 128, stride 2"]), [19, 1]);
  assert.deepEqual(gradientsOf(PUBLISHED_VGG19, []), [16, 0]);
});

test("bfloat16 networks keep TensorFlow's operation", () => {
  const network: NetworkSpec = { ...PUBLISHED_VGG19, precision: "MIXED_BFLOAT16" };
  const names = [...learnedConvolutions(network, 0).keys()];
  assert.deepEqual(gradientsOf(network, names), [16, 0]);
});

test("a convolution's operations are those of its kernel at every pixel of the result", () => {
  const size = learnedConvolutions(PUBLISHED_VGG19, 0).get("3x3, 224x224x64 -> 64");
  assert.equal(operationsPerImage(size!), 2 * 224 * 224 * 9 * 64 * 64);
  const strided = learnedConvolutions(publishedResnet("RESNET18"), 0).get("7x7, 224x224x3 -> 64, stride 2");
  assert.equal(operationsPerImage(strided!), 2 * 112 * 112 * 49 * 3 * 64);
});
