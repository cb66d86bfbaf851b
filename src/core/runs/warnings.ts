/** A sentence of every text about micro-batches: accumulation changes more than the rounding. */
export const ACCUMULATION_EFFECT =
  "Accumulation changes the statistics of batch normalization: each micro-batch is normalized by its own means and " +
  "variances, and each updates the moving averages, so a network with batch normalization trains differently.";

/** The warnings of a run, by their codes, which are never renamed: clients branch on them. */
export const RUN_WARNINGS = {
  BATCH_HALVED: `A batch did not fit into memory. The run continues with micro-batches of half the size. ${ACCUMULATION_EFFECT}`,
  CHECKPOINT_DAMAGED: "A checkpoint is damaged. The run continues from an earlier one.",
  CHECKPOINT_MISSING: "The files of a checkpoint are gone. The run continues from an earlier one.",
  CLASS_NAMES_UNUSABLE:
    "The weights file has class names that cannot be used, for example too many or one twice. The last layer was copied " +
    "by position.",
  DISK_FULL: "The files of the run cannot be written. The run waits and continues once they can be.",
  DISK_WAIT_ENDED:
    "The disk had room, but the run still could not save anything. It stays paused until it is resumed.",
  NORMALIZATION_EPSILON_ASSUMED:
    "The weights file does not state the epsilon of its batch normalizations, so the default of its program is assumed. " +
    "The setting importedNormalizationEpsilon states another one.",
  PREPROCESSING_MISMATCH:
    "The run scales its images in another way than the initial weights expect, so they are of less use.",
  RESUMED: "The run continues from its last checkpoint.",
  SETTING_SENSELESS:
    "A setting is allowed but cannot lead to sensible training, such as stages frozen at random weights. The launch " +
    "records it with the path of the setting, its value and the reason.",
} as const;
export type RunWarningCode = keyof typeof RUN_WARNINGS;

/** A warning for the owner of a run. */
export interface RunWarning {
  readonly code: RunWarningCode;
  /** For people: what happened, and what to do about it. */
  readonly message: string;
}
