import { AppError } from "../../../core/app-error.js";
import type { FoldedLayer } from "../../../graph/folding/folded-network.js";
import { NETWORK_INPUT } from "../../../graph/layers/layer-graph.js";
import { type ExportedNetwork, isWeighted, type WeightedLayer } from "../../network/exported-network.js";
import type { Arithmetic, StreamedLayer } from "./arithmetic.js";
import { TfliteGraph } from "./graph.js";
import { OPTIONS, type PaddingName, type TensorIndex } from "./schema.js";

/** A network in the operators of TensorFlow Lite. */
export interface LoweredNetwork {
  readonly graph: TfliteGraph;
  readonly images: TensorIndex;
  readonly probabilities: TensorIndex;
  /** In the order of the layers. */
  readonly streamed: readonly StreamedLayer[];
}

/** @throws AppError `GRAPH_INVALID` for a layer that the format cannot express */
export function lowerNetwork(
  { layers }: Pick<ExportedNetwork, "layers">,
  arithmetic: Arithmetic,
): LoweredNetwork {
  const graph = new TfliteGraph();
  const { images, scaled } = arithmetic.addImages(graph);
  const values = new Map<string, TensorIndex>([[NETWORK_INPUT, scaled]]);
  const streamed: StreamedLayer[] = [];
  let last = scaled;
  for (const layer of layers) {
    const inputs = layer.inputs.map((name) => values.get(name) ?? scaled);
    if (isWeighted(layer)) {
      const lowered = addWeighted(graph, arithmetic, layer, inputs);
      streamed.push(lowered.streamed);
      last = lowered.output;
    } else {
      last = addUnweighted(graph, arithmetic, layer, inputs, () => isRectified(layers, layer.inputs[0]));
    }
    values.set(layer.name, last);
  }
  return { graph, images, probabilities: arithmetic.addProbabilities(graph, last), streamed };
}

function addWeighted(
  graph: TfliteGraph,
  arithmetic: Arithmetic,
  layer: WeightedLayer,
  [input = 0]: readonly TensorIndex[],
): { readonly output: TensorIndex; readonly streamed: StreamedLayer } {
  const { operation } = layer;
  const output = arithmetic.addOutput(graph, layer, [input]);
  const tensors = { input, output };
  if (operation.kind === "Dense") {
    const shape = [operation.units, operation.inputs];
    const { kernel, bias, streamed } = arithmetic.addWeights(graph, layer, shape, tensors);
    const options = OPTIONS.fullyConnected(operation.activation);
    graph.addOperator("FULLY_CONNECTED", [input, kernel, bias], output, options);
    return { output, streamed };
  }
  const { kernelSize, stride, filters, channels, activation } = operation;
  const shape = [filters, kernelSize, kernelSize, channels];
  const { kernel, bias, streamed } = arithmetic.addWeights(graph, layer, shape, tensors);
  const padded = addPadding(graph, arithmetic, layer, { ...operation, window: kernelSize }, input);
  const options = OPTIONS.convolution(stride, padded.padding, activation);
  graph.addOperator("CONV_2D", [padded.input, kernel, bias], output, options);
  return { output, streamed };
}

function addUnweighted(
  graph: TfliteGraph,
  arithmetic: Arithmetic,
  layer: FoldedLayer,
  inputs: readonly TensorIndex[],
  isInputRectified: () => boolean,
): TensorIndex {
  const { name, operation, outputShape } = layer;
  const [input = 0] = inputs;
  switch (operation.kind) {
    case "MaxPooling2D": {
      const padded = addPadding(graph, arithmetic, layer, operation, input);
      if (padded.input !== input && !isInputRectified()) {
        throw new AppError(
          "GRAPH_INVALID",
          `The layer "${name}" pools a padded input. Expected an input without negative values, of which a padded ` +
            "zero is never the greatest.",
        );
      }
      const options = OPTIONS.pooling(operation.window, operation.stride, padded.padding);
      const output = arithmetic.addOutput(graph, layer, inputs);
      return graph.addOperator("MAX_POOL_2D", [padded.input], output, options);
    }
    case "Add": {
      const output = arithmetic.addOutput(graph, layer, inputs);
      return graph.addOperator("ADD", inputs, output, OPTIONS.add(operation.activation));
    }
    case "GlobalAveragePooling2D": {
      const axes = graph.addConstant(`${name}/axes`, "INT32", [2], Int32Array.of(1, 2));
      const output = arithmetic.addOutput(graph, layer, inputs);
      return graph.addOperator("MEAN", [input, axes], output, OPTIONS.mean());
    }
    case "Flatten": {
      const shape = [-1, ...outputShape];
      const target = graph.addConstant(`${name}/shape`, "INT32", [shape.length], Int32Array.from(shape));
      const output = arithmetic.addOutput(graph, layer, inputs);
      return graph.addOperator("RESHAPE", [input, target], output, OPTIONS.reshape(shape));
    }
    default:
      throw new Error(`The layer ${name} has weights.`);
  }
}

interface Window {
  /** Height and width. */
  readonly window: number;
  readonly stride: number;
  /** Rows and columns on every side. */
  readonly padding: number;
}

/** Pads the input of a layer where the padding SAME would be another one: it adds less before than behind. */
function addPadding(
  graph: TfliteGraph,
  arithmetic: Arithmetic,
  { name, inputShape }: FoldedLayer,
  window: Window,
  input: TensorIndex,
): { readonly input: TensorIndex; readonly padding: PaddingName } {
  const [height = 0, width = 0, channels = 0] = inputShape;
  const { padding } = window;
  if (padding === 0) return { input, padding: "VALID" };
  if ([height, width].every((size) => paddingOfSame(size, window) === 2 * padding))
    return { input, padding: "SAME" };
  const sides = Int32Array.of(0, 0, padding, padding, padding, padding, 0, 0);
  const amounts = graph.addConstant(`${name}/padding`, "INT32", [4, 2], sides);
  const shape = [height + 2 * padding, width + 2 * padding, channels];
  const padded = arithmetic.addReshaped(graph, `${name}/padded`, shape, input);
  return { input: graph.addOperator("PAD", [input, amounts], padded, OPTIONS.pad()), padding: "VALID" };
}

/** The rows or columns that the padding SAME adds on both sides together. */
function paddingOfSame(size: number, { window, stride }: Window): number {
  return Math.max(0, (Math.ceil(size / stride) - 1) * stride + window - size);
}

function isRectified(layers: readonly FoldedLayer[], name: string | undefined): boolean {
  const operation = layers.find((layer) => layer.name === name)?.operation;
  return operation !== undefined && "activation" in operation && operation.activation === "relu";
}
