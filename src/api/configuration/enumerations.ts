import { registerEnumType } from "type-graphql";
import {
  Architecture,
  FillMode,
  HeadKind,
  MonitoredMetric,
  Precision,
  Preprocessing,
} from "../../core/enumerations.js";

registerEnumType(Architecture, {
  name: "Architecture",
  description: "Configurations of Simonyan and Zisserman, Very Deep Convolutional Networks (2015), table 1.",
  valuesConfig: {
    VGG11: { description: "Configuration A: 8 convolutions." },
    VGG13: { description: "Configuration B: 10 convolutions." },
    VGG16: { description: "Configuration D: 13 convolutions." },
    VGG19: { description: "Configuration E: 16 convolutions." },
  },
});

registerEnumType(HeadKind, {
  name: "HeadKind",
  description: "What follows the convolutions.",
  valuesConfig: {
    FULLY_CONNECTED: { description: "Two hidden layers with dropout, then the classes, as published." },
    GLOBAL_AVERAGE_POOLING: {
      description: "The mean over all positions, then the classes: far fewer weights.",
    },
  },
});

registerEnumType(Preprocessing, {
  name: "Preprocessing",
  description:
    "What is done to a picture's 8-bit values before the network sees them. It is part of the graph, so training, " +
    "evaluation, classification and exports cannot differ in it.",
  valuesConfig: {
    SCALE_0_1: { description: "Divides them by 255: from 0 to 1." },
    SCALE_MINUS_1_1: { description: "Divides them by 127.5 and subtracts 1: from -1 to 1." },
    IMAGENET_CAFFE: {
      description:
        "Blue, green, red, less ImageNet's mean of each: what Keras's VGG weights were trained with.",
    },
    IMAGENET_TORCH: {
      description:
        "From 0 to 1, less ImageNet's mean and divided by its standard deviation, by channel: what torchvision's " +
        "weights were trained with.",
    },
  },
});

registerEnumType(Precision, {
  name: "Precision",
  description: "In which floating-point format the network computes; weights are float32 in all of them.",
  valuesConfig: {
    AUTO: {
      description:
        "Whichever is fastest on this machine, found by a short measurement: see `System.precisionMeasurements`.",
    },
    FLOAT32: { description: "Everything in 32 bits: the format to compare others with." },
    MIXED_BFLOAT16: {
      description:
        "Convolutions and products in bfloat16: faster where the processor has instructions for it.",
    },
    MIXED_FLOAT16: {
      description: "Convolutions and products in float16, the loss scaled to keep gradients. Needs a GPU.",
    },
  },
});

registerEnumType(FillMode, {
  name: "FillMode",
  description: "What lies beyond the edge of a picture abcd that was moved, as in Keras.",
  valuesConfig: {
    CONSTANT: { description: "Black: 0000|abcd|0000." },
    NEAREST: { description: "The pixel at the edge, again and again: aaaa|abcd|dddd." },
    REFLECT: { description: "The picture mirrored at its edge: dcba|abcd|dcba." },
    WRAP: { description: "The picture once more: abcd|abcd|abcd." },
  },
});

registerEnumType(MonitoredMetric, {
  name: "MonitoredMetric",
  description: "The metric by which the best checkpoint is chosen and training stops early.",
  valuesConfig: {
    VALIDATION_LOSS: { description: "Mean loss on the validation split; lower is better." },
    VALIDATION_TOP1: { description: "Fraction of validation pictures whose likeliest class is right." },
    VALIDATION_TOP5: {
      description: "Fraction of validation pictures whose class is among the five likeliest.",
    },
  },
});

export { Architecture, FillMode, HeadKind, MonitoredMetric, Precision, Preprocessing };
