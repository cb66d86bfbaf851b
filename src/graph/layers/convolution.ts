import { zeros } from "../initializers/constant-value.js";
import { heNormal } from "../initializers/he-normal.js";
import { BIASED_CONVOLUTION, biased, coversBiased } from "../ops/biased-ops.js";
import { conv2D } from "../ops/convolution.js";
import { biasAdd, relu } from "../ops/math.js";
import type { Activation, Layer } from "./layer.js";

export interface ConvolutionOptions {
  readonly name: string;
  readonly filters: number;
  /** Height and width of the kernel; it moves by one pixel and the picture keeps its size. */
  readonly kernelSize: number;
  readonly useBias: boolean;
  readonly activation: Activation;
}

/** [h, w, cIn] -> [h, w, filters]; kernel [kernelSize, kernelSize, cIn, filters], bias [filters]. */
export function convolution({ name, filters, kernelSize, useBias, activation }: ConvolutionOptions): Layer {
  const kernelName = `${name}/kernel`;
  const biasName = `${name}/bias`;
  return {
    name,
    kind: "Conv2D",
    outputShape: ([height = 0, width = 0]) => [height, width, filters],
    variables: ([, , channels = 0]) => {
      const kernelShape = [kernelSize, kernelSize, channels, filters];
      const kernel = { name: kernelName, shape: kernelShape, trainable: true, initializer: heNormal };
      const bias = { name: biasName, shape: [filters], trainable: true, initializer: zeros };
      return useBias ? [kernel, bias] : [kernel];
    },
    apply: (input, pass) => {
      const { graph, computeType } = pass;
      const kernel = pass.value(kernelName);
      if (coversBiased(graph, BIASED_CONVOLUTION, input, kernel)) {
        const bias = useBias ? pass.value(biasName) : null;
        return biased(graph, BIASED_CONVOLUTION, input, kernel, bias, { relu: activation === "relu" });
      }
      const convolved = conv2D(graph, input, pass.weight(kernelName, computeType));
      const shifted = useBias ? biasAdd(graph, convolved, pass.weight(biasName, computeType)) : convolved;
      return activation === "relu" ? relu(graph, shifted) : shifted;
    },
  };
}
