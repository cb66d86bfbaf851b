import type { Augmentation } from "../../src/core/run-configuration.js";

/** All random changes at once. */
export const FULL_AUGMENTATION: Augmentation = {
  horizontalFlip: true,
  verticalFlip: false,
  rotationDegrees: 15,
  widthShift: 0.1,
  heightShift: 0.1,
  zoom: 0.2,
  brightness: 0.2,
  contrast: 0.2,
  fillMode: "REFLECT",
};
