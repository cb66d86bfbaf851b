import type { Tensor } from "../graph-node.js";
import type { VariableSpec } from "../variables.js";
import type { ForwardPass } from "./forward-pass.js";

/** The kinds of layers, by their names in Keras. */
export type LayerKind =
  | "Conv2D"
  | "BatchNormalization"
  | "ReLU"
  | "Add"
  | "MaxPooling2D"
  | "GlobalAveragePooling2D"
  | "Flatten"
  | "Dense"
  | "Dropout";

/** Sizes of what flows between layers, without the batch axis: [height, width, channels] or [units]. */
export type FeatureShape = readonly number[];

/**
 * The rules that every kind of layer has. Shapes are known before any graph exists, so that parameters and memory can
 * be counted. Only `Add` has more than one input.
 */
export interface LayerRules {
  readonly name: string;
  readonly kind: LayerKind;
  outputShape(...inputs: readonly FeatureShape[]): FeatureShape;
  /** The layer's variables in Keras's order. */
  variables(input: FeatureShape): readonly VariableSpec[];
  /** Adds the layer's nodes to a pass; the inputs and the result have a batch axis in front. */
  apply(pass: ForwardPass, ...inputs: readonly Tensor[]): Tensor;
}

export type Activation = "relu" | "linear";
