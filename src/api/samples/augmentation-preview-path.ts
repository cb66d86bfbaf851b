import { type Augmentation, NO_AUGMENTATION } from "../../core/runs/configuration.js";
import { checkScalar } from "../../core/settings/check.js";
import { resolveSettings } from "../../core/settings/resolution.js";
import { RUN_SETTINGS } from "../../core/settings/run-settings.js";
import type { PreviewRequest } from "../../training/augmentation/preview.js";

const { seed, epochs, imageSizePixels, augmentation: augmentationSettings } = RUN_SETTINGS.settings;

type Query = Readonly<Record<string, unknown>>;

/** Returns the path of one image. Its query determines the image; settings with their default are left out. */
export function previewPath({ sampleId, augmentation, ...numbers }: PreviewRequest): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(numbers)) query.set(name, String(value));
  for (const [setting, value] of Object.entries(augmentation)) {
    if (value !== NO_AUGMENTATION[setting as keyof Augmentation]) query.set(setting, String(value));
  }
  return `/augmentations/${encodeURIComponent(sampleId)}?${query}`;
}

/** @throws AppError `CONFIGURATION_INVALID` for the first parameter whose value is not accepted */
export function parsePreview(sampleId: string, query: Query): PreviewRequest {
  const at = (name: string): readonly string[] => ["query", name];
  const given = Object.entries(augmentationSettings.settings).map(([name, { kind }]) => [
    name,
    valueIn(query[name], kind),
  ]);
  return {
    sampleId,
    augmentation: resolveSettings(augmentationSettings, Object.fromEntries(given), ["query"]),
    seed: checkScalar(seed, valueIn(query.seed, seed.kind), at("seed")),
    epoch: checkScalar(epochs, valueIn(query.epoch, epochs.kind), at("epoch")),
    sizePixels: checkScalar(
      imageSizePixels,
      valueIn(query.sizePixels, imageSizePixels.kind),
      at("sizePixels"),
    ),
  };
}

/** Converts the text of a parameter to a value of the kind. Other text is returned unchanged and refused later. */
function valueIn(given: unknown, kind: "number" | "wholeNumber" | "flag" | "word"): unknown {
  if (typeof given !== "string") return given;
  if (kind === "flag") return given === "true" || given === "false" ? given === "true" : given;
  if (kind === "word" || given.trim() === "") return given;
  return Number(given);
}
