import type { FillMode } from "../../core/enumerations.js";
import type { GraphBuilder } from "../graph-builder.js";
import type { GraphNode, Tensor } from "../graph-node.js";

/** What `EspalierConv2DBackpropFilter` covers: it moves by one pixel and keeps the size of the picture. */
const KERNEL_SIZE = 3;
/** Channels and filters come in multiples of so many, the float32 numbers of a vector register. */
const VECTOR = 16;

/** Whether the custom operation computes the gradients of a convolution's kernel and bias. */
export function coversConvolution(
  graph: GraphBuilder,
  input: Tensor,
  kernel: Tensor,
  { stride, padding }: { readonly stride: number; readonly padding: string },
): boolean {
  const [height, width, channels, filters] = kernel.shape;
  const vectors = [channels, filters].every((count) => typeof count === "number" && count % VECTOR === 0);
  const window = height === KERNEL_SIZE && width === KERNEL_SIZE && stride === 1 && padding === "SAME";
  return (
    graph.customOps.has("EspalierConv2DBackpropFilter") && input.dtype === "bfloat16" && window && vectors
  );
}

/**
 * `EspalierConv2DBackpropFilter`: the gradients of a convolution with respect to its kernel and to a bias that is
 * added to its result, both of them summed and given in float32.
 *
 * @param input bfloat16 [n, h, w, cIn]
 * @param gradient bfloat16 [n, h, w, cOut], with respect to the result
 * @returns a node with the outputs float32 [3, 3, cIn, cOut] and [cOut]
 */
export function conv2DBackpropFilterAndBias(graph: GraphBuilder, input: Tensor, gradient: Tensor): GraphNode {
  return graph.addNode("EspalierConv2DBackpropFilter", {
    inputs: [input, gradient],
    outputs: (check) => {
      check.dtype("input", input, "bfloat16");
      check.dtype("gradient", gradient, "bfloat16");
      const [pictures, height, width, channels] = check.rank("input", input, 4);
      const [gradients, gradientHeight, gradientWidth, filters] = check.rank("gradient", gradient, 4);
      check.sameSize("numbers of pictures and gradients", pictures, gradients);
      check.sameSize("heights of input and gradient", height, gradientHeight);
      check.sameSize("widths of input and gradient", width, gradientWidth);
      for (const count of [channels, filters]) {
        check.require(count !== null && count % VECTOR === 0, `channels by ${VECTOR}`, `${count}`);
      }
      return [
        { dtype: "float32", shape: [KERNEL_SIZE, KERNEL_SIZE, channels, filters] },
        { dtype: "float32", shape: [filters] },
      ];
    },
  });
}

/** Whether the custom operation computes the gradient of ReLU(batch normalisation of x) in training. */
export function coversBatchNormRelu(graph: GraphBuilder, x: Tensor): boolean {
  const channels = x.shape[3] ?? 0;
  return (
    graph.customOps.has("EspalierBatchNormReluGrad") && x.dtype === "bfloat16" && channels % VECTOR === 0
  );
}

/**
 * `EspalierBatchNormReluGrad`: the gradients of ReLU(batch normalisation of x) in training.
 *
 * @param gradient bfloat16 [n, h, w, c], with respect to what ReLU gave
 * @param x of the same type and shape, what was normalised
 * @param parameters float32 [c]: scale and offset; mean and variance of the batch, as the forward node keeps them
 * @returns a node with the outputs bfloat16 [n, h, w, c], of x, and float32 [c] of scale and of offset
 */
export function batchNormReluGradient(
  graph: GraphBuilder,
  gradient: Tensor,
  x: Tensor,
  parameters: readonly [scale: Tensor, offset: Tensor, mean: Tensor, variance: Tensor],
  epsilon: number,
): GraphNode {
  return graph.addNode("EspalierBatchNormReluGrad", {
    inputs: [gradient, x, ...parameters],
    attributes: { epsilon: { float: epsilon } },
    outputs: (check) => {
      check.dtype("gradient", gradient, "bfloat16");
      check.sameDType("gradient and input", gradient, x);
      const shape = check.sameShape("gradient and input", gradient, x);
      const [, , , channels] = check.rank("input", x, 4);
      for (const parameter of parameters) {
        check.dtype("parameters", parameter, "float32");
        const [size] = check.rank("parameters", parameter, 1);
        check.sameSize("channels of input and parameters", channels, size);
      }
      const ofParameter = { dtype: "float32", shape: [channels] } as const;
      return [{ dtype: "bfloat16", shape }, ofParameter, ofParameter];
    },
  });
}

/**
 * `EspalierProjectiveTransform`: what `projectiveTransform` gives of bytes, to the bit, without widening them first.
 *
 * @param images uint8 [n, height, width, channels]
 * @param transforms float32 [n, 8], the last two of them zeros
 * @returns float32 of the images' shape
 */
export function projectiveTransformOfBytes(
  graph: GraphBuilder,
  images: Tensor,
  transforms: Tensor,
  fillMode: FillMode,
): Tensor {
  return graph.add("EspalierProjectiveTransform", {
    inputs: [images, transforms],
    attributes: { fill_mode: { text: fillMode } },
    outputs: (check) => {
      check.dtype("images", images, "uint8");
      const [count] = check.rank("images", images, 4);
      check.dtype("transforms", transforms, "float32");
      const [rows, columns] = check.rank("transforms", transforms, 2);
      check.sameSize("numbers of images and transforms", count, rows);
      check.sameSize("numbers of a transform", columns, 8);
      return [{ dtype: "float32", shape: images.shape }];
    },
  });
}
