import type { Tensor } from "../graph-node.js";
import type { ForwardPass } from "./forward-pass.js";
import type { Layer } from "./layer.js";

/**
 * Adds layers one behind the other to a pass.
 *
 * @returns what every layer gives, by its name and in their order
 */
export function applyInSequence(
  layers: readonly Layer[],
  input: Tensor,
  pass: ForwardPass,
): ReadonlyMap<string, Tensor> {
  const activations = new Map<string, Tensor>();
  let features = input;
  for (const layer of layers) {
    features = pass.graph.scope(layer.name, () => layer.apply(features, pass));
    activations.set(layer.name, features);
  }
  return activations;
}
