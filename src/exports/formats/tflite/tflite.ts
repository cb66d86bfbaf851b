import { openLiteRt } from "../../../engine/runtimes/litert/litert-runtime.js";
import type { ExportFormatDefinition } from "../format.js";
import { tfliteUsage } from "./usage.js";
import { writeTflite } from "./write-file.js";

/** TensorFlow Lite, whose runtime is LiteRT. */
export const TFLITE: ExportFormatDefinition = {
  extension: ".tflite",
  precisions: ["FLOAT32", "FLOAT16", "INT8"],
  write: writeTflite,
  openRuntime: openLiteRt,
  usage: tfliteUsage,
};
