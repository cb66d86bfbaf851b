/**
 * Operations that TensorFlow lacks and that `native/` brings; an engine tells which of them it has. With
 * EspalierBatchNorm come EspalierBatchStatistics and EspalierBatchNormGrad.
 */
export const CUSTOM_OPS = [
  "EspalierConv2DBackpropFilter",
  "EspalierBatchNorm",
  "EspalierProjectiveTransform",
] as const;

export type CustomOp = (typeof CUSTOM_OPS)[number];
