import type { ExportFormat } from "../../core/enumerations.js";
import type { ExportFormatDefinition } from "./format.js";

/** Every format of the product. */
export const EXPORT_FORMAT_DEFINITIONS: Readonly<Partial<Record<ExportFormat, ExportFormatDefinition>>> = {};
