import { type Augmentation, NO_AUGMENTATION } from "../../core/run-configuration.js";
import type { PreviewRequest } from "../../training/augmentation/preview.js";
import { wholeNumber } from "../../training/configuration/checks.js";
import { resolveAugmentation } from "../../training/configuration/resolve-augmentation.js";

export const DEFAULT_PREVIEW_COUNT = 8;
export const MOST_PREVIEWS = 32;
export const DEFAULT_PREVIEW_PIXELS = 224;

/** As in a run's configuration. */
export const PREVIEW_CHECKS = {
  count: wholeNumber(1, MOST_PREVIEWS),
  seed: wholeNumber(0, 2 ** 31 - 1),
  epoch: wholeNumber(1, 10_000),
  sizePixels: wholeNumber(32, 1024),
} as const;

type Query = Readonly<Record<string, unknown>>;

/** Path of one picture; its query holds everything that decides it, but for what is as by default. */
export function previewPath({ sampleId, augmentation, ...numbers }: PreviewRequest): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(numbers)) query.set(name, String(value));
  for (const [setting, value] of Object.entries(augmentation)) {
    if (value !== NO_AUGMENTATION[setting as keyof Augmentation]) query.set(setting, String(value));
  }
  return `/augmentations/${encodeURIComponent(sampleId)}?${query}`;
}

/** @throws AppError `CONFIGURATION_INVALID` for the first parameter that cannot be */
export function parsePreview(sampleId: string, query: Query): PreviewRequest {
  const at = (name: string): readonly string[] => ["query", name];
  const settings = Object.entries(NO_AUGMENTATION).map(([setting, byDefault]) => {
    const given = query[setting];
    return [setting, given === undefined ? byDefault : valueLike(byDefault, given)];
  });
  return {
    sampleId,
    augmentation: resolveAugmentation(Object.fromEntries(settings), ["query"]),
    seed: PREVIEW_CHECKS.seed(numberIn(query.seed), at("seed")),
    epoch: PREVIEW_CHECKS.epoch(numberIn(query.epoch), at("epoch")),
    sizePixels: PREVIEW_CHECKS.sizePixels(numberIn(query.sizePixels), at("sizePixels")),
  };
}

/** The text of a parameter in the type of its default; what is not of that type stays as it is. */
function valueLike(byDefault: boolean | number | string, given: unknown): unknown {
  if (typeof byDefault === "number") return numberIn(given);
  if (typeof byDefault === "boolean" && (given === "true" || given === "false")) return given === "true";
  return given;
}

function numberIn(given: unknown): unknown {
  return typeof given === "string" && given.trim() !== "" ? Number(given) : given;
}
