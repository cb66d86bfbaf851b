/** Operations that TensorFlow lacks and that `native/` brings; an engine tells which of them it has. */
export const CUSTOM_OPS = [
  "EspalierConv2DBackpropFilter",
  "EspalierBatchNormReluGrad",
  "EspalierProjectiveTransform",
] as const;

export type CustomOp = (typeof CUSTOM_OPS)[number];
