import { openOnnxRuntime } from "../../../engine/runtimes/onnx-runtime.js";
import type { ExportFormatDefinition } from "../format.js";
import { onnxUsage } from "./usage.js";
import { writeOnnx } from "./write-onnx.js";

/** An ONNX model with opset 17. Its input is `images`, its output `probabilities`, with any number of images. */
export const ONNX: ExportFormatDefinition = {
  extension: ".onnx",
  precisions: ["FLOAT32", "FLOAT16", "INT8"],
  write: (network, precision, file) => writeOnnx(network, precision, file),
  openRuntime: (file, { threads }) => openOnnxRuntime(file, threads),
  usage: onnxUsage,
};
