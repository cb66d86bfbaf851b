import { AppError } from "../../core/app-error.js";
import type { ExportFormat, ExportPrecision } from "../../core/enumerations.js";
import { keysOf } from "../../lang/keys-of.js";
import { DEFAULT_BOUNDS, type ExportBounds } from "../bounds.js";
import type { ExportFormatDefinition } from "../formats/format.js";
import { EXPORT_FORMAT_DEFINITIONS, formatOf } from "../formats/registry.js";
import type { ExportSettings } from "./export-records.js";

export const CALIBRATION_IMAGES = { default: 256, max: 4_096 };
export const PROOF_IMAGES = { default: 2_000, max: 2_000 };

/** The request of a caller; null means the default. */
export interface RequestedExport {
  readonly format: ExportFormat;
  readonly precision: ExportPrecision;
  readonly calibrationImages: number | null;
  readonly proofImages: number | null;
  readonly bounds: RequestedBounds | null;
}

type RequestedBounds = { readonly [Bound in keyof ExportBounds]: number | null };

/** @throws AppError `EXPORT_UNSUPPORTED`, `EXPORT_SETTING_INVALID` */
export function exportSettingsOf(request: RequestedExport): ExportSettings {
  const { format, precision } = request;
  definitionOf(format, precision);
  return {
    format,
    precision,
    calibrationImages: calibrationImagesOf(request),
    proofImages: imagesOf("proofImages", request.proofImages, PROOF_IMAGES),
    bounds: boundsOf(precision, request.bounds),
  };
}

/** @throws AppError `EXPORT_UNSUPPORTED` */
function definitionOf(format: ExportFormat, precision: ExportPrecision): ExportFormatDefinition {
  const definition = formatOf(format);
  if (definition.precisions.includes(precision)) return definition;
  throw new AppError(
    "EXPORT_UNSUPPORTED",
    `The format ${format} does not have the precision ${precision}. Supported: ${supported()}.`,
    { path: ["precision"] },
  );
}

function supported(): string {
  return keysOf(EXPORT_FORMAT_DEFINITIONS)
    .map((format) => `${format} in ${EXPORT_FORMAT_DEFINITIONS[format].precisions.join(", ")}`)
    .join("; ");
}

function calibrationImagesOf({ precision, calibrationImages }: RequestedExport): number | null {
  if (precision === "INT8") return imagesOf("calibrationImages", calibrationImages, CALIBRATION_IMAGES);
  if (calibrationImages === null || calibrationImages === CALIBRATION_IMAGES.default) return null;
  throw invalid(
    ["calibrationImages"],
    `Only exports with the precision INT8 are calibrated. Received ${calibrationImages} images for ${precision}.`,
  );
}

function imagesOf(
  field: string,
  count: number | null,
  range: { readonly default: number; readonly max: number },
): number {
  const images = count ?? range.default;
  if (Number.isSafeInteger(images) && images >= 1 && images <= range.max) return images;
  throw invalid([field], `${field} must be from 1 to ${range.max}. Received ${images}.`);
}

function boundsOf(precision: ExportPrecision, requested: RequestedBounds | null): ExportBounds {
  const defaults = DEFAULT_BOUNDS[precision];
  const bound = (name: keyof ExportBounds): number | null => {
    const value = requested?.[name] ?? null;
    if (value === null) return defaults[name];
    if (value >= 0 && value <= 1) return value;
    throw invalid(["bounds", name], `${name} is a fraction from 0 to 1. Received ${value}.`);
  };
  return {
    maximumProbabilityDifference: bound("maximumProbabilityDifference"),
    minimumTop1Agreement: bound("minimumTop1Agreement"),
    maximumAccuracyLoss: bound("maximumAccuracyLoss"),
  };
}

function invalid(path: readonly string[], message: string): AppError {
  return new AppError("EXPORT_SETTING_INVALID", message, { path });
}

/** The names of models have letters, digits, ".", "_" and "-" alone, so the result is safe as a file name. */
export function exportFileName(
  { modelName, number }: { readonly modelName: string; readonly number: number },
  { format, precision }: ExportSettings,
): string {
  const { extension } = definitionOf(format, precision);
  return `${modelName}-${number}-${precision.toLowerCase()}${extension}`;
}
