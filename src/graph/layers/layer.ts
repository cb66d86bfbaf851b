import type { Tensor } from "../graph-node.js";
import type { VariableSpec } from "../variables.js";
import type { ForwardPass } from "./forward-pass.js";

/** Keras's names of the layers. */
export type LayerKind =
  | "Conv2D"
  | "BatchNormalization"
  | "ReLU"
  | "MaxPooling2D"
  | "GlobalAveragePooling2D"
  | "Flatten"
  | "Dense"
  | "Dropout";

/** Sizes of what flows between layers, without the batch axis: [height, width, channels] or [units]. */
export type FeatureShape = readonly number[];

/** One step of a network. Shapes are known before any graph exists, so that parameters can be counted. */
export interface Layer {
  readonly name: string;
  readonly kind: LayerKind;
  outputShape(input: FeatureShape): FeatureShape;
  /** In Keras's order. */
  variables(input: FeatureShape): readonly VariableSpec[];
  /** Adds the layer's nodes to a pass; input and result have a batch axis in front. */
  apply(input: Tensor, pass: ForwardPass): Tensor;
}

export type Activation = "relu" | "linear";
