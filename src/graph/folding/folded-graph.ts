import type { NetworkSpec } from "../architectures/network-spec.js";
import { IMAGE_CHANNELS, scaleChannels } from "../architectures/preprocessing.js";
import { GraphBuilder } from "../graph-builder.js";
import { specOf, type Tensor } from "../graph-node.js";
import { zeros } from "../initializers/constant-value.js";
import { NETWORK_INPUT } from "../layers/layer-graph.js";
import { cast, reshape, stack } from "../ops/array.js";
import { int32Vector, placeholder } from "../ops/constants.js";
import { conv2D, type Padding } from "../ops/convolution.js";
import { add, biasAdd, matMul, relu, softmax } from "../ops/math.js";
import { maxPoolOfPadded } from "../ops/pooling.js";
import { maximumOf, mean, minimumOf } from "../ops/reduction.js";
import { readVariable } from "../ops/variables.js";
import { completeGraph } from "../saved-model/complete-graph.js";
import type { SavedModelGraph } from "../saved-model/signature.js";
import { elementCount } from "../tensor-spec.js";
import { Variables } from "../variables.js";
import {
  type FoldedConvolution,
  type FoldedLayer,
  type FoldedOperation,
  foldNetwork,
  imageScalingOf,
} from "./folded-network.js";

/** A variable of a folded network. */
export interface FoldedVariable {
  readonly name: string;
  readonly shape: readonly number[];
}

/** The variables of a folded layer: its kernel and its bias; none where it has no weights. */
export function foldedVariables({ name, operation }: FoldedLayer): readonly FoldedVariable[] {
  const shapes = weightShapesOf(operation);
  if (shapes === null) return [];
  return [
    { name: `${name}/kernel`, shape: shapes.kernel },
    { name: `${name}/bias`, shape: shapes.bias },
  ];
}

function weightShapesOf(operation: FoldedOperation): Readonly<Record<"kernel" | "bias", number[]>> | null {
  if (operation.kind === "Conv2D") {
    const { kernelSize, channels, filters } = operation;
    return { kernel: [kernelSize, kernelSize, channels, filters], bias: [filters] };
  }
  if (operation.kind === "Dense") {
    return { kernel: [operation.inputs, operation.units], bias: [operation.units] };
  }
  return null;
}

/**
 * Builds the graph of a folded network, which computes in float32. `serving_default`: images uint8 [?, size, size, 3] ->
 * probabilities and logits, float32 [?, classes]. `ranges`: images -> minima and maxima, float32 [layers], of the scaled
 * images and of the output of each folded layer, in their order. A SavedModel of it has `serving_default` alone.
 */
export function buildFoldedGraph(network: NetworkSpec): SavedModelGraph {
  const layers = foldNetwork(network);
  const { imageSizePixels: size, preprocessing } = network;
  const graph = new GraphBuilder();
  const variables = new Variables(graph, 0);
  for (const layer of layers) {
    for (const { name, shape } of foldedVariables(layer)) {
      variables.create({ name, shape, trainable: false, initializer: zeros });
    }
  }
  const images = placeholder(graph, "images", "uint8", [null, size, size, IMAGE_CHANNELS]);
  const values = new Map<string, Tensor>();
  const scaled = graph.scope("preprocessing", () =>
    scaleChannels(graph, cast(graph, images, "float32"), imageScalingOf(preprocessing)),
  );
  values.set(NETWORK_INPUT, scaled);
  for (const layer of layers) {
    const inputs = layer.inputs.map((name) => values.get(name) ?? scaled);
    values.set(
      layer.name,
      graph.scope(layer.name, () => apply(graph, variables, layer, inputs)),
    );
  }
  const logits = [...values.values()].at(-1) ?? scaled;
  const probabilities = softmax(graph, logits);
  const ranges = graph.scope("ranges", () => {
    const [first, ...others] = [...values.values()];
    const outputs: readonly [Tensor, ...Tensor[]] = [first ?? scaled, ...others];
    return { minima: extremes(graph, minimumOf, outputs), maxima: extremes(graph, maximumOf, outputs) };
  });
  return completeGraph(
    graph,
    {
      serving_default: {
        inputs: { images: specOf(images) },
        outputs: { probabilities: specOf(probabilities), logits: specOf(logits) },
      },
      ranges: {
        inputs: { images: specOf(images) },
        outputs: { minima: specOf(ranges.minima), maxima: specOf(ranges.maxima) },
      },
    },
    variables.all,
    ["serving_default"],
  );
}

function apply(
  graph: GraphBuilder,
  variables: Variables,
  { name, operation, outputShape }: FoldedLayer,
  inputs: readonly Tensor[],
): Tensor {
  const [input, other] = inputs;
  if (input === undefined) throw new Error(`The layer ${name} has no input.`);
  const weight = (role: "kernel" | "bias"): Tensor => {
    const variable = variables.get(`${name}/${role}`);
    return readVariable(graph, variable.handle, variable, { name: `${role}/Read` });
  };
  const activate = (x: Tensor): Tensor =>
    "activation" in operation && operation.activation === "relu" ? relu(graph, x) : x;
  switch (operation.kind) {
    case "Conv2D": {
      const { stride } = operation;
      const product = conv2D(graph, input, weight("kernel"), { stride, padding: paddingOf(operation) });
      return activate(biasAdd(graph, product, weight("bias")));
    }
    case "Dense":
      return activate(biasAdd(graph, matMul(graph, input, weight("kernel")), weight("bias")));
    case "Add":
      return activate(add(graph, input, other ?? input));
    case "MaxPooling2D":
      return maxPoolOfPadded(graph, input, operation);
    case "GlobalAveragePooling2D":
      return mean(graph, input, [1, 2]);
    case "Flatten": {
      const features = elementCount(outputShape);
      return reshape(graph, input, int32Vector(graph, [-1, features]), [null, features]);
    }
  }
}

/** SAME where it pads both sides alike, because converters know it best. */
function paddingOf({ kernelSize, stride, padding }: FoldedConvolution): Padding {
  return stride === 1 || kernelSize === 1 ? "SAME" : padding;
}

function extremes(
  graph: GraphBuilder,
  reduce: typeof minimumOf,
  outputs: readonly [Tensor, ...Tensor[]],
): Tensor {
  const reduced = (x: Tensor): Tensor =>
    reduce(
      graph,
      x,
      x.shape.map((_, axis) => axis),
    );
  const [first, ...others] = outputs;
  return stack(graph, [reduced(first), ...others.map(reduced)]);
}
