import { GraphBuilder } from "../graph-builder.js";
import { specOf, type Tensor } from "../graph-node.js";
import { computedLate } from "../initializers/computed-late.js";
import { convolutionOfLayer, paddingOf } from "../layers/convolution.js";
import { isFrozen } from "../layers/layer-graph.js";
import { fill, identity } from "../ops/array.js";
import { float32, int32Vector } from "../ops/constants.js";
import { type ConvolutionSize, conv2DBackpropFilter, convolutionName } from "../ops/convolution.js";
import { sum } from "../ops/reduction.js";
import { completeGraph } from "../saved-model/complete-graph.js";
import type { SavedModelGraph } from "../saved-model/signature.js";
import type { NetworkShape } from "./architecture.js";
import { shapedLayersOf } from "./layer-table.js";

/** The different convolutions that a network learns, by name. */
export function learnedConvolutions(
  network: NetworkShape,
  frozenStages: number,
): ReadonlyMap<string, ConvolutionSize> {
  const sizes = shapedLayersOf(network).flatMap(({ layer, stage, inputShape }) => {
    return layer.kind === "Conv2D" && !isFrozen(stage, frozenStages)
      ? [convolutionOfLayer(layer, inputShape)]
      : [];
  });
  return new Map(sizes.map((size) => [convolutionName(size), size]));
}

/** Floating-point operations of a convolution, or of one of its gradients, for an image. */
export function operationsPerImage(size: ConvolutionSize): number {
  const { channels, filters, kernelSize } = size;
  const [height, width] = resultSize(size);
  return 2 * height * width * kernelSize ** 2 * channels * filters;
}

/** Size of the windows that a convolution multiplies by its kernel, for an image in float32, in bytes. */
export function columnBytes(size: ConvolutionSize): number {
  const [height, width] = resultSize(size);
  return 4 * height * width * size.kernelSize ** 2 * size.channels;
}

/** Height and width of what a convolution of the networks gives. */
function resultSize({ height, width, stride }: ConvolutionSize): readonly [number, number] {
  return [Math.ceil(height / stride), Math.ceil(width / stride)];
}

/**
 * Builds a graph whose `probe` ({} -> checksum float32 []) computes the gradient with respect to a convolution's kernel, in
 * float32. Its duration is measured.
 */
export function buildKernelGradientProbe(
  size: ConvolutionSize,
  images: number,
  library: "EIGEN" | "ONEDNN",
): SavedModelGraph {
  const { height, width, channels, filters, kernelSize, stride } = size;
  const graph = new GraphBuilder(new Set(), new Set(library === "EIGEN" ? [convolutionName(size)] : []));
  const one = computedLate(graph, float32(graph, 1));
  const filled = (shape: readonly number[]): Tensor => fill(graph, shape, one);
  const kernelShape = [kernelSize, kernelSize, channels, filters];
  const gradient = conv2DBackpropFilter(
    graph,
    filled([images, height, width, channels]),
    int32Vector(graph, kernelShape),
    kernelShape,
    filled([images, ...resultSize(size), filters]),
    { stride, padding: paddingOf(size) },
  );
  const checksum = identity(graph, sum(graph, gradient, [0, 1, 2, 3]), { name: "checksum" });
  return completeGraph(graph, { probe: { inputs: {}, outputs: { checksum: specOf(checksum) } } });
}
