import { IMAGE_CHANNELS } from "../../../graph/architectures/preprocessing.js";
import type { FoldedWeights } from "../../../graph/folding/folded-weights.js";
import { NETWORK_INPUT } from "../../../graph/layers/layer-graph.js";
import { elementCount } from "../../../graph/tensor-spec.js";
import { bytesOf } from "../../files/export-file.js";
import type { ExportedNetwork, WeightedLayer } from "../../network/exported-network.js";
import {
  type AffineQuantization,
  quantizationOf,
  quantizeBias,
  quantizeKernel,
  smallestKernelScales,
} from "../../network/quantization.js";
import type { Arithmetic } from "./arithmetic.js";
import type { TfliteGraph } from "./graph.js";
import { int8ImagesOf, PIXELS, readInt8Images } from "./int8-images.js";
import { outputsFirst } from "./kernel-layout.js";
import { OPTIONS, type TensorIndex, type TensorQuantization } from "./schema.js";

const BIAS_BYTES = 4;
/** Quantization of the probabilities in int8, as the specification fixes them for a softmax. */
const PROBABILITIES: AffineQuantization = { scale: 1 / 256, zeroPoint: -128 };
/** Quantization of the same numbers in uint8. */
const OUTPUT: AffineQuantization = { scale: 1 / 256, zeroPoint: 0 };
/** Quantization of the images in uint8: pixels as they are. */
const INPUT: AffineQuantization = { scale: 1, zeroPoint: 0 };

/**
 * Full integer arithmetic as TensorFlow Lite's specification of 8-bit quantization has it
 * (https://ai.google.dev/edge/litert/models/quantization_spec): activations in int8, weights in int8 by output channel
 * and symmetric, biases in int32. No tensor is a float.
 */
export function int8Arithmetic(
  network: Pick<ExportedNetwork, "scaling" | "imageSizePixels" | "ranges">,
): Arithmetic {
  const { imageSizePixels, ranges } = network;
  const images = int8ImagesOf(network.scaling);

  const outputQuantization = (name: string): TensorQuantization => {
    const range = ranges?.get(name);
    if (range === undefined) throw new Error(`The range of the layer ${name} was not measured.`);
    // Any scale suits an output that is always zero, but runtimes refuse those that are next to nothing.
    return forTensor(quantizationOf(range.minimum < range.maximum ? range : { minimum: 0, maximum: 1 }));
  };

  return {
    kind: "int8",
    minimumRuntimeVersion: "1.14.0",
    addImages(graph) {
      const shape = [imageSizePixels, imageSizePixels, IMAGE_CHANNELS];
      const input = graph.addActivation("images", "UINT8", shape, forTensor(INPUT));
      const pixels = graph.addActivation("preprocessing/pixels", "INT8", shape, forTensor(PIXELS));
      graph.addOperator("QUANTIZE", [input], pixels);
      const { scaled } = images;
      if (scaled === null) return { images: input, scaled: pixels };
      const { factors, offsets, quantization } = scaled;
      const kernel = quantizeKernel(Float32Array.from(factors), factors.length);
      const bias = quantizeBias(Float32Array.from(offsets), PIXELS.scale, kernel.scales);
      const weights = [
        graph.addConstant(
          "preprocessing/factors",
          "INT8",
          [1, 1, 1, factors.length],
          kernel.values,
          byChannel(kernel.scales, 3),
        ),
        graph.addConstant(
          "preprocessing/offsets",
          "INT32",
          [offsets.length],
          bias.values,
          byChannel(bias.scales, 0),
        ),
      ];
      const output = graph.addActivation("preprocessing/scaled", "INT8", shape, forTensor(quantization));
      graph.addOperator("DEPTHWISE_CONV_2D", [pixels, ...weights], output, OPTIONS.scaling());
      return { images: input, scaled: output };
    },
    addOutput(graph, { name, operation, outputShape }, [input = 0]) {
      const isKept = operation.kind === "MaxPooling2D" || operation.kind === "Flatten";
      const quantization = isKept ? graph.tensor(input).quantization : outputQuantization(name);
      return graph.addActivation(name, "INT8", outputShape, quantization);
    },
    addReshaped: (graph, name, shape, from) =>
      graph.addActivation(name, "INT8", shape, graph.tensor(from).quantization),
    addWeights(graph, layer, shape, tensors) {
      const [outputs = 0] = shape;
      const [inputScale, outputScale] = [scaleOf(graph, tensors.input), scaleOf(graph, tensors.output)];
      // The scales follow from the weights, which are read when they are written.
      const kernelScales = new Float32Array(outputs);
      const biasScales = new Float32Array(outputs);
      const kernel = { kind: "streamed", sizeBytes: elementCount(shape) } as const;
      const bias = { kind: "streamed", sizeBytes: outputs * BIAS_BYTES } as const;
      const name = layer.name;
      return {
        kernel: graph.addWeights(`${name}/kernel`, "INT8", shape, kernel, byChannel(kernelScales, 0)),
        bias: graph.addWeights(`${name}/bias`, "INT32", [outputs], bias, byChannel(biasScales, 0)),
        streamed: {
          layer,
          kernel,
          bias,
          store(weights) {
            const read = readBy(layer, weights);
            const smallest = smallestKernelScales(read.bias, inputScale, outputScale);
            const quantized = quantizeKernel(read.kernel, outputs, undefined, smallest);
            const quantizedBias = quantizeBias(read.bias, inputScale, quantized.scales);
            kernelScales.set(quantized.scales);
            biasScales.set(quantizedBias.scales);
            return { kernel: pieces(quantized.values, outputs), bias: bytesOf(quantizedBias.values) };
          },
        },
      };
    },
    addProbabilities(graph, logits) {
      const shape = graph.tensor(logits).shape.slice(1);
      const softmax = graph.addActivation("softmax", "INT8", shape, forTensor(PROBABILITIES));
      graph.addOperator("SOFTMAX", [logits], softmax, OPTIONS.softmax());
      const probabilities = graph.addActivation("probabilities", "UINT8", shape, forTensor(OUTPUT));
      return graph.addOperator("QUANTIZE", [softmax], probabilities);
    },
  };

  function readBy({ inputs, operation }: WeightedLayer, weights: FoldedWeights): FoldedWeights {
    if (inputs[0] !== NETWORK_INPUT) return weights;
    if (operation.kind !== "Conv2D") throw new Error("Expected a convolution as the first layer.");
    return readInt8Images(weights, images, operation);
  }
}

function forTensor({ scale, zeroPoint }: AffineQuantization): TensorQuantization {
  return { scales: Float32Array.of(scale), zeroPoint, axis: 0 };
}

function byChannel(scales: Float32Array, axis: number): TensorQuantization {
  return { scales, zeroPoint: 0, axis };
}

function scaleOf(graph: TfliteGraph, tensor: TensorIndex): number {
  return graph.tensor(tensor).quantization?.scales[0] ?? 1;
}

function* pieces(kernel: Int8Array<ArrayBuffer>, outputs: number): Generator<Uint8Array> {
  for (const piece of outputsFirst(kernel, outputs, (elements) => new Int8Array(elements)))
    yield bytesOf(piece);
}
