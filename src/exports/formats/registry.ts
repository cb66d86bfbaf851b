import type { ExportFormat } from "../../core/enumerations.js";
import type { ExportFormatDefinition } from "./format.js";
import { KERAS } from "./keras/keras.js";
import { ONNX } from "./onnx/onnx.js";
import { SAVED_MODEL } from "./saved-model/saved-model.js";
import { TFLITE } from "./tflite/tflite.js";

/** Every format of the product. */
export const EXPORT_FORMAT_DEFINITIONS: Readonly<Record<ExportFormat, ExportFormatDefinition>> = {
  SAVED_MODEL,
  TFLITE,
  KERAS,
  ONNX,
};

export function formatOf(format: ExportFormat): ExportFormatDefinition {
  return EXPORT_FORMAT_DEFINITIONS[format];
}
