/**
 * Operations that TensorFlow lacks and that `native/` brings; an engine tells which of them it has. With
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

/** float32 numbers of a vector register: sizes that these operations go over come in multiples of it. */
export const VECTOR = 16;
