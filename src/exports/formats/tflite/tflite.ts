import type { ExportFormatDefinition } from "../format.js";
import { tfliteUsage } from "./usage.js";
import { writeTflite } from "./write-file.js";

/** TensorFlow Lite, whose runtime is LiteRT. */
export const TFLITE: ExportFormatDefinition = {
  extension: ".tflite",
  precisions: ["FLOAT32", "FLOAT16", "INT8"],
  write: writeTflite,
  // Loaded by the process of an export alone: the server must not depend on native code of others.
  openRuntime: async (file, context) => {
    const { openLiteRt } = await import("../../../engine/runtimes/litert/litert-runtime.js");
    return openLiteRt(file, context);
  },
  usage: tfliteUsage,
};
