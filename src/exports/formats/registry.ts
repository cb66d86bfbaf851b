import { AppError } from "../../core/app-error.js";
import type { ExportFormat } from "../../core/enumerations.js";
import type { ExportFormatDefinition } from "./format.js";
import { KERAS } from "./keras/keras.js";
import { SAVED_MODEL } from "./saved-model/saved-model.js";
import { TFLITE } from "./tflite/tflite.js";

/** Every format of the product. */
export const EXPORT_FORMAT_DEFINITIONS: Readonly<Partial<Record<ExportFormat, ExportFormatDefinition>>> = {
  SAVED_MODEL,
  TFLITE,
  KERAS,
};

export function formatOf(format: ExportFormat): ExportFormatDefinition {
  const definition = EXPORT_FORMAT_DEFINITIONS[format];
  if (definition !== undefined) return definition;
  throw new AppError("RUNTIME_UNAVAILABLE", `There is no format ${format}.`);
}
