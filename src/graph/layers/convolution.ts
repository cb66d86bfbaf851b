import type { Tensor } from "../graph-node.js";
import { zeros } from "../initializers/constant-value.js";
import type { Initializer } from "../initializers/initializer.js";
import { type ConvolutionSize, conv2D, type Padding } from "../ops/convolution.js";
import { BIASED_CONVOLUTION, biased, coversBiased } from "../ops/custom/biased-ops.js";
import { biasAdd, relu } from "../ops/math.js";
import { subsample } from "../ops/subsampling.js";
import type { Activation, FeatureShape, LayerRules } from "./layer.js";

export interface ConvolutionOptions {
  readonly name: string;
  /** Output channels. */
  readonly width: number;
  /** Height and width of the kernel, an odd number. */
  readonly kernelSize: number;
  /** Pixels that the kernel moves at a time. */
  readonly stride: number;
  readonly useBias: boolean;
  readonly activation: Activation;
  readonly kernelInitializer: Initializer;
}

export interface ConvolutionLayer extends LayerRules, ConvolutionOptions {
  readonly kind: "Conv2D";
}

/**
 * [h, w, channels] -> [h / stride, w / stride, width], rounded up. The kernel is [kernelSize, kernelSize, channels,
 * width], the bias [width]. The input is padded with (kernelSize - 1) / 2 zeros on every side, as in torchvision:
 * TensorFlow's SAME pads the far sides alone where a stride of 2 halves an even size.
 *
 * A kernel of one pixel with a stride is applied to the pixels that the stride reaches. That is the same, and avoids a
 * fault of oneDNN: on processors without AVX-512 and with one thread, it writes behind its buffer when it computes the
 * gradient of such a kernel itself.
 */
export function convolution(options: ConvolutionOptions): ConvolutionLayer {
  const { name, width, kernelSize, stride, useBias, activation, kernelInitializer } = options;
  const kernelName = `${name}/kernel`;
  const biasName = `${name}/bias`;
  const padding = paddingOf(options);
  return {
    ...options,
    kind: "Conv2D",
    outputShape: ([height = 0, rowLength = 0]) => [
      Math.ceil(height / stride),
      Math.ceil(rowLength / stride),
      width,
    ],
    variables: ([, , channels = 0]) => {
      const kernelShape = [kernelSize, kernelSize, channels, width];
      const kernel = {
        name: kernelName,
        shape: kernelShape,
        trainable: true,
        initializer: kernelInitializer,
      };
      const bias = { name: biasName, shape: [width], trainable: true, initializer: zeros };
      return useBias ? [kernel, bias] : [kernel];
    },
    apply: (pass, input: Tensor) => {
      const { graph, computeType } = pass;
      const kernel = pass.value(kernelName);
      if (stride === 1 && coversBiased(graph, BIASED_CONVOLUTION, input, kernel)) {
        const bias = useBias ? pass.value(biasName) : null;
        return biased(graph, BIASED_CONVOLUTION, input, kernel, bias, { relu: activation === "relu" });
      }
      const weights = pass.weight(kernelName, computeType);
      const convolved = isSubsampled(options)
        ? conv2D(graph, subsample(graph, input, stride), weights)
        : conv2D(graph, input, weights, { stride, padding });
      const shifted = useBias ? biasAdd(graph, convolved, pass.weight(biasName, computeType)) : convolved;
      return activation === "relu" ? relu(graph, shifted) : shifted;
    },
  };
}

/** The convolution that the layer's operations compute for an input [h, w, channels]. */
export function convolutionOfLayer(layer: ConvolutionOptions, input: FeatureShape): ConvolutionSize {
  const [height = 0, width = 0, channels = 0] = input;
  const { kernelSize, stride, width: filters } = layer;
  if (!isSubsampled(layer)) return { height, width, channels, filters, kernelSize, stride };
  const taken = (size: number): number => Math.ceil(size / stride);
  return { height: taken(height), width: taken(width), channels, filters, kernelSize, stride: 1 };
}

/** Whether the kernel is applied to the pixels that its stride reaches. */
function isSubsampled({ kernelSize, stride }: ConvolutionOptions): boolean {
  return kernelSize === 1 && stride > 1;
}

/** SAME where it pads both sides alike, because TensorFlow is fastest with it. */
export function paddingOf({
  kernelSize,
  stride,
}: Pick<ConvolutionOptions, "kernelSize" | "stride">): Padding {
  return stride === 1 || kernelSize === 1 ? "SAME" : (kernelSize - 1) / 2;
}
