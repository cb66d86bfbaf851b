import type { ActivationLayer } from "./activation.js";
import type { AdditionLayer } from "./addition.js";
import type { BatchNormalizationLayer } from "./batch-normalization.js";
import type { ConvolutionLayer } from "./convolution.js";
import type { DenseLayer } from "./dense.js";
import type { DropoutLayer } from "./dropout.js";
import type { FlattenLayer } from "./flatten.js";
import type { GlobalAveragePoolingLayer, MaxPoolingLayer } from "./pooling.js";

/** A layer, with the settings of its kind. */
export type NetworkLayer =
  | ConvolutionLayer
  | BatchNormalizationLayer
  | ActivationLayer
  | AdditionLayer
  | MaxPoolingLayer
  | GlobalAveragePoolingLayer
  | FlattenLayer
  | DenseLayer
  | DropoutLayer;
