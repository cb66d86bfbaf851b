import type { NetworkSpec, TrainingSpec } from "../../../src/graph/architectures/network-spec.js";
import { buildTrainingGraph } from "../../../src/graph/architectures/training-graph.js";
import { PLAIN_TRAINING } from "../../testkit/plain-training.js";
import { type DecodedNode, decodeSavedModel } from "./decoded-graph.js";

/** VGG19 as it was published: 224 pixels, 1000 classes. */
export const PUBLISHED_VGG19: NetworkSpec = {
  architecture: "VGG19",
  batchNormalization: false,
  widthMultiplier: 1,
  imageSizePixels: 224,
  head: { kind: "FULLY_CONNECTED", units: 4096, dropout: 0.5 },
  preprocessing: "SCALE_0_1",
  precision: "FLOAT32",
  classCount: 1000,
  seed: 0,
};

/** A ResNet as torchvision has it: 224 pixels, 1000 classes. */
export function publishedResnet(architecture: "RESNET18" | "RESNET34" | "RESNET50"): NetworkSpec {
  return {
    ...PUBLISHED_VGG19,
    architecture,
    batchNormalization: true,
    head: { kind: "GLOBAL_AVERAGE_POOLING", units: 0, dropout: 0 },
    preprocessing: "IMAGENET_TORCH",
  };
}

/** The nodes of a training graph with plain settings, except for those given. */
export function trainingNodes(network: NetworkSpec, choices: Partial<TrainingSpec>): readonly DecodedNode[] {
  const { bytes } = buildTrainingGraph(network, {
    optimizer: { kind: "sgd", momentum: 0.9, nesterov: false },
    learningRate: { kind: "constant", initial: 0.1, warmupEpochs: 0 },
    epochs: 1,
    stepsPerEpoch: 1,
    ...PLAIN_TRAINING,
    ...choices,
  });
  return decodeSavedModel(bytes).nodes;
}
