import type { CheckedRun, SettingCheck } from "./setting-check.js";

export const DISTILLATION_CHECKS: readonly SettingCheck[] = [
  {
    path: "distillation.kind",
    why: ({ configuration: { distillation }, classCount }) =>
      distillation?.kind === "DECOUPLED" && classCount === 2
        ? "two classes leave a single one beside the label, so the part that beta weighs is always 0"
        : null,
  },
  { path: "distillation.weight", why: weightWarning },
];

function weightWarning({ configuration }: CheckedRun): string | null {
  const { distillation, labelSmoothing, classWeights } = configuration;
  if (distillation?.weight !== 1) return null;
  const idle = [
    ...(labelSmoothing > 0 ? ["labelSmoothing"] : []),
    ...(classWeights === null ? [] : ["classWeights"]),
  ];
  return idle.length === 0
    ? null
    : `the cross-entropy of the labels does not count, so this has no effect: ${idle.join(", ")}`;
}
