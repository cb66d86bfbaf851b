import type { FoldedLayer } from "../../../graph/folding/folded-network.js";
import type { FoldedWeights } from "../../../graph/folding/folded-weights.js";
import type { WeightedLayer } from "../../network/exported-network.js";
import type { StreamedBytes } from "./flatbuffer.js";
import type { TfliteGraph } from "./graph.js";
import type { TensorIndex, TfliteModel } from "./schema.js";

/** The weights of a layer as they are stored. */
export interface StoredWeights {
  /** In pieces, each of which is valid until the next one is asked for. */
  readonly kernel: Iterable<Uint8Array>;
  readonly bias: Uint8Array;
}

/** The weights of a layer that are written behind the head of the file. */
export interface StreamedLayer {
  readonly layer: WeightedLayer;
  readonly kernel: StreamedBytes;
  readonly bias: StreamedBytes;
  /** May change the weights in place, and completes the scales of the layer's tensors. */
  readonly store: (weights: FoldedWeights) => StoredWeights;
}

export interface WeightTensors {
  readonly kernel: TensorIndex;
  readonly bias: TensorIndex;
  readonly streamed: StreamedLayer;
}

/** The representation of images, activations, weights and probabilities in one precision. */
export interface Arithmetic {
  readonly kind: TfliteModel["arithmetic"];
  /** The oldest runtime that has all operators in these versions, as TensorFlow's converter states it. */
  readonly minimumRuntimeVersion: string;
  /** Adds the input `images` and its scaling. */
  addImages(graph: TfliteGraph): { readonly images: TensorIndex; readonly scaled: TensorIndex };
  /** Adds the tensor of a layer's output. @param inputs those of the layer */
  addOutput(graph: TfliteGraph, layer: FoldedLayer, inputs: readonly TensorIndex[]): TensorIndex;
  /** Adds a tensor with the numbers of another one in another shape, without the batch axis. */
  addReshaped(graph: TfliteGraph, name: string, shape: readonly number[], from: TensorIndex): TensorIndex;
  /** @param shape of the stored kernel, whose first axis is that of the outputs */
  addWeights(
    graph: TfliteGraph,
    layer: WeightedLayer,
    shape: readonly number[],
    tensors: { readonly input: TensorIndex; readonly output: TensorIndex },
  ): WeightTensors;
  /** Adds the softmax of the logits and the output `probabilities`. */
  addProbabilities(graph: TfliteGraph, logits: TensorIndex): TensorIndex;
}
