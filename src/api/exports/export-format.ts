import { ExportFormat, ExportPrecision } from "../../core/enumerations.js";
import { EXPORT_FORMATS, EXPORT_PRECISIONS } from "../../core/exports/words.js";
import { registerWords } from "../register-words.js";

registerWords(ExportFormat, EXPORT_FORMATS);
registerWords(ExportPrecision, EXPORT_PRECISIONS);

export { ExportFormat, ExportPrecision };
