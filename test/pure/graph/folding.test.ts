import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Architecture } from "../../../src/core/enumerations.js";
import { networkVariables, shapedLayersOf } from "../../../src/graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { channelScalingOf } from "../../../src/graph/architectures/preprocessing.js";
import { ARCHITECTURES } from "../../../src/graph/architectures/registry.js";
import { buildFoldedGraph, foldedVariables } from "../../../src/graph/folding/folded-graph.js";
import {
  type FoldedConvolution,
  type FoldedLayer,
  foldNetwork,
  imageScalingOf,
} from "../../../src/graph/folding/folded-network.js";
import { foldNormalization, reverseInputChannels } from "../../../src/graph/folding/folded-weights.js";
import { NETWORK_INPUT } from "../../../src/graph/layers/layer-graph.js";
import { decodeSavedModel } from "./decoded-graph.js";
import { PUBLISHED_VGG19 } from "./networks.js";

/** Every architecture, with each head that it has, and with and without batch normalization where that is a choice. */
const NETWORKS: Readonly<Record<string, NetworkSpec>> = Object.fromEntries(
  Object.values(Architecture).flatMap((architecture) => {
    const { heads, batchNormalization } = ARCHITECTURES[architecture];
    const choices = batchNormalization === "always" ? [true] : [false, true];
    return heads.flatMap((kind) =>
      choices.map((normalized) => {
        const name = `${architecture} ${kind}${normalized ? " with batch normalization" : ""}`;
        const head = { kind, units: 24, dropout: 0.5 };
        const sizes = { widthMultiplier: 0.125, imageSizePixels: 64, classCount: 7 };
        return [
          name,
          { ...PUBLISHED_VGG19, ...sizes, architecture, batchNormalization: normalized, head },
        ] as const;
      }),
    );
  }),
);

const PRUNED: Readonly<Record<string, NetworkSpec>> = {
  "VGG11, pruned": {
    ...NETWORKS["VGG11 FULLY_CONNECTED"]!,
    layerWidths: { block1_conv1: 5, block5_conv2: 3 },
  },
  "RESNET50, pruned": {
    ...NETWORKS["RESNET50 GLOBAL_AVERAGE_POOLING with batch normalization"]!,
    layerWidths: { conv2_block1_1_conv: 3, conv4_block2_2_conv: 7 },
  },
};

/** The variables of the network that a folded layer is made of. */
function variablesOf({ operation }: FoldedLayer): readonly string[] {
  if (operation.kind === "Dense") return [operation.kernel, operation.bias];
  if (operation.kind !== "Conv2D") return [];
  const { kernel, bias, normalization } = operation;
  const { gamma, beta, movingMean, movingVariance } = normalization ?? {};
  const all = [kernel, bias, gamma, beta, movingMean, movingVariance];
  return all.filter((name) => name !== null && name !== undefined);
}

for (const [name, network] of Object.entries({ ...NETWORKS, ...PRUNED })) {
  describe(`${name}, folded`, () => {
    const layers = foldNetwork(network);
    const before = shapedLayersOf(network);
    const countOf = (...kinds: readonly string[]): number =>
      before.filter(({ layer }) => kinds.includes(layer.kind)).length;

    test("has no normalization, activation or dropout of its own", () => {
      const own = ["BatchNormalization", "ReLU", "Dropout"];
      assert.equal(layers.length, before.length - countOf(...own));
      assert.ok(layers.every(({ operation }) => !own.includes(operation.kind)));
      const normalized = layers.filter(
        ({ operation }) => "normalization" in operation && operation.normalization !== null,
      );
      assert.equal(normalized.length, countOf("BatchNormalization"));
      const activated = layers.filter(
        ({ operation }) => "activation" in operation && operation.activation === "relu",
      );
      const fused = before.filter(({ layer }) => "activation" in layer && layer.activation === "relu");
      assert.equal(activated.length, countOf("ReLU") + fused.length);
    });

    test("uses each variable of the network once", () => {
      const used = layers.flatMap(variablesOf);
      assert.deepEqual(
        used.toSorted(),
        networkVariables(network)
          .map((variable) => variable.name)
          .toSorted(),
      );
    });

    test("has shapes that fit each other, from the image to the logits", () => {
      const shapes = new Map<string, readonly number[]>([[NETWORK_INPUT, [64, 64, 3]]]);
      for (const { name: layer, inputs, inputShape, outputShape, operation } of layers) {
        // A layer that reads another one stands behind it.
        for (const input of inputs) assert.ok(shapes.has(input), `${layer} reads ${input}`);
        assert.deepEqual(shapes.get(inputs[0]!), inputShape);
        assert.equal(inputs.length, operation.kind === "Add" ? 2 : 1);
        if (operation.kind === "Add") assert.deepEqual(shapes.get(inputs[1]!), inputShape);
        if (operation.kind === "Conv2D") assertConvolution(operation, inputShape, outputShape);
        shapes.set(layer, outputShape);
      }
      assert.deepEqual(layers.at(-1)?.outputShape, [7]);
    });

    test("becomes a graph with the variables of its layers alone", () => {
      const { bytes, variables } = buildFoldedGraph(network);
      assert.deepEqual(
        variables.map(({ name: variable, shape }) => ({ name: variable, shape })),
        layers.flatMap(foldedVariables),
      );
      const { nodes, signatures } = decodeSavedModel(bytes);
      assert.deepEqual([...signatures.keys()], ["serving_default"]);
      assert.ok(!nodes.some(({ op }) => op.startsWith("FusedBatchNorm")));
    });
  });
}

function assertConvolution(
  { kernelSize, stride, padding, channels, filters }: FoldedConvolution,
  [height = 0, , inputChannels]: readonly number[],
  [outputHeight, , outputChannels]: readonly number[],
): void {
  assert.deepEqual([channels, filters], [inputChannels, outputChannels]);
  assert.equal(outputHeight, Math.floor((height + 2 * padding - kernelSize) / stride) + 1);
}

test("a normalization is folded into the kernel and the bias before it", () => {
  // Two inputs, two filters.
  const weights = { kernel: Float32Array.of(1, 2, 3, 4), bias: Float32Array.of(5, 6) };
  const normalization = {
    gamma: Float32Array.of(3, -1),
    beta: Float32Array.of(0.5, 0.25),
    movingMean: Float32Array.of(1, 2),
    movingVariance: Float32Array.of(3.75, 0.1875),
    epsilon: 0.25,
  };
  // 3 / sqrt(4) = 1.5, and -1 / sqrt(0.4375).
  const second = -1 / Math.sqrt(0.4375);
  const { kernel, bias } = foldNormalization(weights, normalization);
  assert.deepEqual(kernel, Float32Array.of(1.5, 2 * second, 4.5, 4 * second));
  assert.deepEqual(bias, Float32Array.of((5 - 1) * 1.5 + 0.5, (6 - 2) * second + 0.25));
});

test("channels that come in the opposite order get the kernel in the opposite order, twice the same", () => {
  const kernel = Float32Array.from({ length: 2 * 2 * 3 * 2 }, (_, index) => index);
  const shape = { kernelSize: 2, channels: 3, filters: 2 };
  const reversed = reverseInputChannels(kernel, shape);
  assert.deepEqual([...reversed.subarray(0, 6)], [4, 5, 2, 3, 0, 1]);
  assert.deepEqual([...reversed.subarray(6, 12)], [10, 11, 8, 9, 6, 7]);
  assert.deepEqual(reverseInputChannels(reversed, shape), kernel);
});

test("the scaling of an exported image has red first, whatever the network reads first", () => {
  const own = channelScalingOf("IMAGENET_CAFFE");
  const exported = imageScalingOf("IMAGENET_CAFFE");
  assert.deepEqual(exported.offsets, [-123.68, -116.779, -103.939]);
  assert.deepEqual(own.offsets, [-103.939, -116.779, -123.68]);
  const { factors, offsets } = channelScalingOf("IMAGENET_TORCH");
  assert.deepEqual(imageScalingOf("IMAGENET_TORCH"), { factors, offsets });
});
