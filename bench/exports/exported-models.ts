import type { RunConfigurationInput } from "../../src/client/generated/graphql.js";

/** A model that the benchmark trains and exports. */
export interface ExportedModel {
  /** Also the name of the model. */
  readonly name: string;
  readonly configuration: RunConfigurationInput;
  /** Whether it trains long enough to know its classes, so that its INT8 exports are expected to be READY. */
  readonly isTrained: boolean;
  /** The most images of a proof. */
  readonly proofImages: number;
}

const TRAINED_EPOCHS = 12;
const PROOF_IMAGES = 2_000;
/** VGG19 at 224 pixels takes half a second for an image in two runtimes. */
const LARGE_PROOF_IMAGES = 64;

/** A short training from scratch, as in `examples/recipes`. */
const TRAINED = {
  batchNormalization: true,
  imageSizePixels: 64,
  head: { kind: "GLOBAL_AVERAGE_POOLING" },
  optimizer: { adamW: {} },
  learningRate: { cosine: { initial: 0.003, warmupEpochs: 1 } },
  weightDecay: 0.05,
  augmentation: { horizontalFlip: true, zoom: 0.2 },
  batchSize: 64,
  epochs: TRAINED_EPOCHS,
  monitor: "VALIDATION_TOP1",
} as const satisfies RunConfigurationInput;

/** One epoch, after which the network knows little. */
const BRIEF = {
  imageSizePixels: 64,
  learningRate: { constant: { initial: 0.0003 } },
  batchSize: 32,
  epochs: 1,
} as const satisfies RunConfigurationInput;

const trained = (name: string, configuration: RunConfigurationInput): ExportedModel => ({
  name,
  configuration: { ...TRAINED, ...configuration },
  isTrained: true,
  proofImages: PROOF_IMAGES,
});

const brief = (name: string, configuration: RunConfigurationInput): ExportedModel => ({
  name,
  configuration: { ...BRIEF, ...configuration },
  isTrained: false,
  proofImages: PROOF_IMAGES,
});

/** Models that together have every architecture family, head and preprocessing, and widths from 0.25 to 1. */
export const EXPORTED_MODELS: readonly ExportedModel[] = [
  trained("vgg11-bn", { architecture: "VGG11", widthMultiplier: 0.5, preprocessing: "IMAGENET_TORCH" }),
  trained("vgg13-bn", { architecture: "VGG13", widthMultiplier: 0.25, preprocessing: "SCALE_0_1" }),
  trained("vgg16-bn", { architecture: "VGG16", widthMultiplier: 0.25, preprocessing: "SCALE_MINUS_1_1" }),
  trained("resnet18", { architecture: "RESNET18", widthMultiplier: 0.5, preprocessing: "IMAGENET_TORCH" }),
  trained("resnet18-caffe", {
    architecture: "RESNET18",
    widthMultiplier: 0.25,
    preprocessing: "IMAGENET_CAFFE",
  }),
  brief("vgg11-fully-connected", {
    architecture: "VGG11",
    widthMultiplier: 0.25,
    head: { kind: "FULLY_CONNECTED", units: 256 },
  }),
  brief("vgg13-fully-connected", {
    architecture: "VGG13",
    widthMultiplier: 0.5,
    head: { kind: "FULLY_CONNECTED", units: 512 },
    preprocessing: "IMAGENET_CAFFE",
  }),
  brief("vgg16-pooled", {
    architecture: "VGG16",
    widthMultiplier: 0.5,
    head: { kind: "GLOBAL_AVERAGE_POOLING" },
    preprocessing: "IMAGENET_TORCH",
  }),
  brief("vgg19-bn", {
    architecture: "VGG19",
    widthMultiplier: 0.25,
    batchNormalization: true,
    head: { kind: "GLOBAL_AVERAGE_POOLING" },
    preprocessing: "SCALE_MINUS_1_1",
  }),
  brief("vgg11-pooled", {
    architecture: "VGG11",
    widthMultiplier: 1,
    head: { kind: "GLOBAL_AVERAGE_POOLING" },
  }),
  brief("resnet34", { architecture: "RESNET34", widthMultiplier: 0.25 }),
  brief("resnet50", { architecture: "RESNET50", widthMultiplier: 0.25, preprocessing: "IMAGENET_TORCH" }),
  {
    ...brief("vgg19-224", { architecture: "VGG19", imageSizePixels: 224, batchSize: 8, frozenBlocks: 5 }),
    proofImages: LARGE_PROOF_IMAGES,
  },
];
