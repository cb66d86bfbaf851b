/**
 * The custom ops of `native/`, which TensorFlow lacks. An engine reports which of them it has. With
 * EspalierConv2D come EspalierConv2DBackpropInput and EspalierConv2DBackpropFilter, with EspalierDense come
 * EspalierDenseBackpropInput and EspalierDenseBackpropKernel, with EspalierBatchNorm come EspalierBatchStatistics and
 * EspalierBatchNormGrad.
 */
export const CUSTOM_OPS = [
  "EspalierConv2D",
  "EspalierDense",
  "EspalierBatchNorm",
  "EspalierProjectiveTransform",
] as const;

export type CustomOp = (typeof CUSTOM_OPS)[number];

/** The float32 numbers in a vector register. Custom ops need sizes that are multiples of it. */
export const VECTOR = 16;
