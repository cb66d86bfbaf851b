import { EPOCH_METRICS } from "../metrics/epoch-metrics.js";

/** A closed set of words that a setting may take, with the meaning of each. */
export interface WordSet<W extends string = string> {
  /** Its name in the GraphQL schema. */
  readonly name: string;
  readonly description: string;
  readonly meanings: { readonly [Word in W]: string };
}

export const ARCHITECTURES = {
  name: "Architecture",
  description:
    "Published networks. VGG is table 1 of Simonyan and Zisserman, Very Deep Convolutional Networks (2015). ResNets are " +
    "table 1 of He et al., Deep Residual Learning (2016), in version 1.5 as in torchvision; they always have batch " +
    "normalization and the head GLOBAL_AVERAGE_POOLING, whose `dropout` is 0 by default.",
  meanings: {
    VGG11: "Configuration A: 8 convolutions.",
    VGG13: "Configuration B: 10 convolutions.",
    VGG16: "Configuration D: 13 convolutions.",
    VGG19: "Configuration E: 16 convolutions.",
    RESNET18: "ResNet-18: 17 convolutions, in residual blocks of two.",
    RESNET34: "ResNet-34: 33 convolutions, in residual blocks of two.",
    RESNET50: "ResNet-50: 49 convolutions, in residual blocks of three.",
  },
} as const satisfies WordSet;

export const HEAD_KINDS = {
  name: "HeadKind",
  description: "The layers that follow the convolutions.",
  meanings: {
    FULLY_CONNECTED: "Two hidden layers with dropout, then the classes, as published.",
    GLOBAL_AVERAGE_POOLING: "The mean over all positions, then the classes: far fewer weights.",
  },
} as const satisfies WordSet;

export const PREPROCESSINGS = {
  name: "Preprocessing",
  description:
    "How an image's 8-bit values are scaled before the network sees them. Scaling is part of the graph, so training, " +
    "evaluation, classification and exports cannot differ in it.",
  meanings: {
    SCALE_0_1: "Divides the values by 255: from 0 to 1.",
    SCALE_MINUS_1_1: "Divides the values by 127.5 and subtracts 1: from -1 to 1.",
    IMAGENET_CAFFE:
      "Orders the channels blue, green, red and subtracts ImageNet's mean of each. Keras's VGG weights were trained " +
      "with it.",
    IMAGENET_TORCH:
      "Scales to the range from 0 to 1, subtracts ImageNet's mean and divides by its standard deviation, for each " +
      "channel. torchvision's weights were trained with it.",
  },
} as const satisfies WordSet;

export const PRETRAINED_WEIGHTS = {
  name: "PretrainedWeights",
  description:
    "Published weights that were trained on ImageNet. The file is downloaded once, compared with its published digest and " +
    "cached, or read from the folder ESPALIER_PRETRAINED_DIR.",
  meanings: {
    IMAGENET:
      "Weights of torchvision: VGG11, 13, 16 and 19 with and without batch normalization, ResNet-18 and 34, and ResNet-50 " +
      "in their second version. They expect the preprocessing IMAGENET_TORCH.",
    IMAGENET_KERAS:
      "Weights of Keras: VGG16 and VGG19 without batch normalization. They expect the preprocessing IMAGENET_CAFFE.",
  },
} as const satisfies WordSet;

export const PRECISIONS = {
  name: "Precision",
  description: "The floating-point format that the network computes in. Weights are float32 in all of them.",
  meanings: {
    AUTO: "The fastest on this machine, found by a short measurement: see `System.precisionMeasurements`.",
    FLOAT32: "Everything in 32 bits: the format to compare others with.",
    MIXED_BFLOAT16:
      "Convolutions and matrix products in bfloat16: faster where the processor has instructions for it.",
    MIXED_FLOAT16:
      "Convolutions and matrix products in float16, with a scaled loss that keeps small gradients. Needs a GPU.",
  },
} as const satisfies WordSet;

export const FILL_MODES = {
  name: "FillMode",
  description: "How the area beyond the edge of a moved image abcd is filled, as in Keras.",
  meanings: {
    CONSTANT: "Black: 0000|abcd|0000.",
    NEAREST: "The pixel at the edge, repeated: aaaa|abcd|dddd.",
    REFLECT: "The image mirrored at its edge: dcba|abcd|dcba.",
    WRAP: "The image repeated: abcd|abcd|abcd.",
  },
} as const satisfies WordSet;

export const DISTILLATION_KINDS = {
  name: "DistillationKind",
  description: "How the outputs of a student are compared with those of its teacher.",
  meanings: {
    KNOWLEDGE:
      "Knowledge distillation, Hinton et al. (2015): the divergence of the student's probabilities from the teacher's.",
    DECOUPLED:
      "Decoupled knowledge distillation, Zhao et al. (2022): the divergence of the label's probability, plus `beta` times " +
      "the divergence among the other classes.",
  },
} as const satisfies WordSet;

export const PRUNING_CRITERIA = {
  name: "PruningCriterion",
  description: "How the channels of a network are ranked before the least important are removed.",
  meanings: {
    BATCH_NORM_SCALE:
      "The scale of its batch normalization, |gamma|, Liu et al. (2017): for networks with batch normalization, best " +
      "trained with `sparsity`. Scales are compared across the network as they are.",
    L1_NORM:
      "The mean |weight| of its filter, Li et al. (2017), relative to the mean of the layer: needs no images and no batch " +
      "normalization.",
    TAYLOR:
      "The first-order estimate of how much the loss changes without the channel, Molchanov et al. (2019), relative to the " +
      "mean of the layer: measured on training images.",
  },
} as const satisfies WordSet;

type EpochMetrics = typeof EPOCH_METRICS;
type MonitorWord = Extract<EpochMetrics[keyof EpochMetrics], { readonly monitor: string }>["monitor"];

export const MONITORED_METRICS: WordSet<MonitorWord> = {
  name: "MonitoredMetric",
  description: "The metric that selects the best checkpoint and decides about early stopping.",
  meanings: Object.fromEntries(
    Object.values(EPOCH_METRICS).flatMap((metric) =>
      "monitor" in metric
        ? [[metric.monitor, `${metric.description.slice(0, -1)}; ${metric.better} is better.`]]
        : [],
    ),
  ) as Record<MonitorWord, string>,
};
