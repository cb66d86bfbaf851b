import { type Augmentation, NO_AUGMENTATION } from "../../src/core/runs/configuration.js";

/** Random changes of every kind at once. They stay the same, so that figures can be compared. */
export const FULL_AUGMENTATION: Augmentation = {
  ...NO_AUGMENTATION,
  horizontalFlip: true,
  rotationDegrees: 15,
  widthShift: 0.1,
  heightShift: 0.1,
  zoom: 0.2,
  brightness: 0.2,
  contrast: 0.2,
  fillMode: "REFLECT",
};
