import type { NetworkSpec } from "../../../src/graph/architectures/network-spec.js";

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
