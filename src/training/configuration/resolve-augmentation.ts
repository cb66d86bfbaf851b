import { FillMode } from "../../core/enumerations.js";
import { type Augmentation, NO_AUGMENTATION } from "../../core/run-configuration.js";
import { type Check, flag, number, word } from "./checks.js";
import type { AugmentationInput } from "./input.js";

const FRACTION = number("from 0 to 1", (value) => value >= 0 && value <= 1);

const AMOUNTS = {
  rotationDegrees: number("from 0 to 180", (value) => value >= 0 && value <= 180),
  widthShift: FRACTION,
  heightShift: FRACTION,
  // A factor of 0 would leave nothing of the picture.
  zoom: number("of at least 0 and below 1", (value) => value >= 0 && value < 1),
  brightness: FRACTION,
  contrast: FRACTION,
} as const satisfies Partial<Record<keyof Augmentation, Check<number>>>;

/** @throws AppError `CONFIGURATION_INVALID` with a path below the one given */
export function resolveAugmentation(input: AugmentationInput, path: readonly string[]): Augmentation {
  const none = NO_AUGMENTATION;
  const amount = (setting: keyof typeof AMOUNTS): number =>
    AMOUNTS[setting](input[setting] ?? none[setting], [...path, setting]);
  return {
    horizontalFlip: flag(input.horizontalFlip ?? none.horizontalFlip, [...path, "horizontalFlip"]),
    verticalFlip: flag(input.verticalFlip ?? none.verticalFlip, [...path, "verticalFlip"]),
    rotationDegrees: amount("rotationDegrees"),
    widthShift: amount("widthShift"),
    heightShift: amount("heightShift"),
    zoom: amount("zoom"),
    brightness: amount("brightness"),
    contrast: amount("contrast"),
    fillMode: word(FillMode, input.fillMode ?? none.fillMode, [...path, "fillMode"]),
  };
}
