import type { WeightedLayer } from "../../network/exported-network.js";
import type { KernelLayout } from "./kernel-layout.js";

/** The names of a layer's weights in float32. */
export interface WeightNames {
  readonly kernel: string;
  readonly bias: string;
}

/** How a precision stores weights and passes values from layer to layer. */
export interface PrecisionRules {
  /** Stores the weights of a layer, which reads the value `input`. */
  weights(layer: WeightedLayer, layout: KernelLayout, input: string): WeightNames;
  /**
   * Passes the output of a layer on, or the scaled images.
   *
   * @param layer its name, by which the range of the value is known
   * @returns the name of the value that other layers read
   */
  pass(computed: string, layer: string): string;
  /** Passes on values that are all among those of `input`. */
  passLike(computed: string, input: string): string;
}
