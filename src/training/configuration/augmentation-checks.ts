import { type SettingCheck, share } from "./setting-check.js";

/** An amount that leaves nothing of some images. */
const DESTRUCTIVE = 0.9;

export const AUGMENTATION_CHECKS: readonly SettingCheck[] = [
  ...(["widthShift", "heightShift"] as const).map(
    (name): SettingCheck => ({
      path: `augmentation.${name}`,
      why: ({ configuration: { augmentation } }) =>
        augmentation[name] > DESTRUCTIVE &&
        (augmentation.fillMode === "CONSTANT" || augmentation.fillMode === "NEAREST")
          ? "an image may be shifted out of sight"
          : null,
    }),
  ),
  {
    path: "augmentation.zoom",
    why: ({ configuration: { augmentation } }) =>
      augmentation.zoom > DESTRUCTIVE
        ? `an image may be reduced to a section with ${share(1 - augmentation.zoom)} of its side`
        : null,
  },
  {
    path: "augmentation.brightness",
    why: ({ configuration: { augmentation } }) =>
      augmentation.brightness > DESTRUCTIVE ? "an image may become entirely black or white" : null,
  },
  {
    path: "augmentation.contrast",
    why: ({ configuration: { augmentation } }) =>
      augmentation.contrast > DESTRUCTIVE ? "an image may become a single color" : null,
  },
];
