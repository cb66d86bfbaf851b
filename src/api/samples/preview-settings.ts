import { RUN_SETTINGS } from "../../core/settings/run-settings.js";
import { group, wholeNumber } from "../../core/settings/setting.js";

const { seed, imageSizePixels } = RUN_SETTINGS.settings;

/** How much of an augmentation is previewed, and for which run. */
export const PREVIEW_SETTINGS = group(
  { name: "AugmentationPreview", description: "Images of a sample as a run would train on it." },
  {
    count: wholeNumber({
      from: 1,
      to: 32,
      unit: "epochs",
      default: 8,
      description: "How many epochs to show.",
    }),
    seed: { ...seed, description: "Seed of the run." },
    sizePixels: { ...imageSizePixels, description: "`imageSizePixels` of the run." },
  },
);
