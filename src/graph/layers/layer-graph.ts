import { AppError } from "../../core/app-error.js";
import type { Tensor } from "../graph-node.js";
import type { ForwardPass } from "./forward-pass.js";
import type { FeatureShape } from "./layer.js";
import type { NetworkLayer } from "./network-layer.js";

/** Stands for the network's input among the names that layers read. */
export const NETWORK_INPUT = "input";

/** A layer's place in a network. */
export interface LayerPlace {
  /** The layers whose outputs it reads, by name, in the order of its rules; or NETWORK_INPUT. */
  readonly inputs: readonly string[];
  /** The stage that it belongs to, from 1; stages are frozen from the first one on. Null: the head. */
  readonly stage: number | null;
  /** The modules that hold the layer's weights in files of PyTorch, as torchvision and timm name them. */
  readonly torchNames: readonly string[];
}

export interface PlacedLayer extends LayerPlace {
  readonly layer: NetworkLayer;
}

/**
 * Collects the layers of a network, each of which follows the layers that it reads. The last one gives the logits.
 */
export class LayerList {
  readonly layers: PlacedLayer[] = [];

  /** The name of the layer that was added last. */
  get last(): string {
    return this.layers.at(-1)?.layer.name ?? NETWORK_INPUT;
  }

  /**
   * @param place `inputs` default to the layer that was added last, `torchNames` to none
   * @returns the layer's name
   */
  add(layer: NetworkLayer, place: Pick<LayerPlace, "stage"> & Partial<LayerPlace>): string {
    this.layers.push({ inputs: [this.last], torchNames: [], ...place, layer });
    return layer.name;
  }
}

/** The output shape of every layer, by its name, and the shape of the input under NETWORK_INPUT. */
export function shapesOf(
  layers: readonly PlacedLayer[],
  input: FeatureShape,
): ReadonlyMap<string, FeatureShape> {
  const shapes = new Map<string, FeatureShape>([[NETWORK_INPUT, input]]);
  for (const { layer, inputs } of layers) {
    shapes.set(layer.name, layer.outputShape(...inputs.map((name) => known(shapes, name, layer))));
  }
  return shapes;
}

/**
 * Adds layers to a pass.
 *
 * @param given the values that the layers read and none of them computes, by name
 * @returns the output of every layer, by its name and in their order
 */
export function applyLayers(
  layers: readonly PlacedLayer[],
  given: ReadonlyMap<string, Tensor>,
  pass: ForwardPass,
): ReadonlyMap<string, Tensor> {
  const values = new Map(given);
  const outputs = new Map<string, Tensor>();
  for (const { layer, inputs } of layers) {
    const read = inputs.map((name) => known(values, name, layer));
    const output = pass.graph.scope(layer.name, () => layer.apply(pass, ...read));
    values.set(layer.name, output);
    outputs.set(layer.name, output);
  }
  return outputs;
}

/** A network that is cut behind one of its stages. */
export interface SplitLayers {
  readonly frozen: readonly PlacedLayer[];
  readonly learning: readonly PlacedLayer[];
  /** The only layer before the cut that layers behind it read; or NETWORK_INPUT. */
  readonly boundary: string;
}

/** Whether a layer of that stage belongs to the first `frozenStages`. */
export function isFrozen(stage: number | null, frozenStages: number): boolean {
  return stage !== null && stage <= frozenStages;
}

/**
 * Cuts a network behind its first stages.
 *
 * @throws AppError `GRAPH_INVALID` unless one value alone crosses the cut
 */
export function splitLayers(layers: readonly PlacedLayer[], frozenStages: number): SplitLayers {
  const frozen = layers.filter(({ stage }) => isFrozen(stage, frozenStages));
  const learning = layers.filter(({ stage }) => !isFrozen(stage, frozenStages));
  const behind = new Set(learning.map(({ layer }) => layer.name));
  const crossing = new Set(learning.flatMap(({ inputs }) => inputs.filter((name) => !behind.has(name))));
  const [boundary = NETWORK_INPUT] = crossing;
  if (crossing.size > 1) {
    throw new AppError(
      "GRAPH_INVALID",
      `A stage gives one value to those behind it. Received ${[...crossing].join(", ")}.`,
    );
  }
  return { frozen, learning, boundary };
}

function known<Value>(values: ReadonlyMap<string, Value>, name: string, reader: NetworkLayer): Value {
  const value = values.get(name);
  if (value !== undefined) return value;
  throw new AppError("GRAPH_INVALID", `Layer "${reader.name}" reads "${name}", which is no layer before it.`);
}
