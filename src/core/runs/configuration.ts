import { defaultsOf } from "../settings/resolution.js";
import { RUN_SETTINGS } from "../settings/run-settings.js";
import type { Given, Recorded } from "../settings/setting-types.js";

/**
 * How a run trains, with every default filled in: what is stored with the run, compared between runs and turned into
 * a graph. Launching resolves a `RunConfigurationInput` into it once. Its fields are the settings of `RUN_SETTINGS`.
 */
export interface RunConfiguration extends Recorded<typeof RUN_SETTINGS> {}

/** The settings that a user gives. A setting that is null or absent has its default. */
export interface RunConfigurationInput extends Given<typeof RUN_SETTINGS> {}

export type Head = RunConfiguration["head"];
export type Optimizer = RunConfiguration["optimizer"];
export type LearningRate = RunConfiguration["learningRate"];
export type EarlyStopping = NonNullable<RunConfiguration["earlyStopping"]>;
export type Initialization = RunConfiguration["initialization"];
export type Distillation = NonNullable<RunConfiguration["distillation"]>;
export type Pruning = NonNullable<RunConfiguration["pruning"]>;
export type Augmentation = RunConfiguration["augmentation"];
/** How much a sample of each class counts in the training loss, in the order of the classes. */
export type ClassWeights = NonNullable<RunConfiguration["classWeights"]>;

export type AugmentationInput = NonNullable<RunConfigurationInput["augmentation"]>;
export type ClassWeightsInput = NonNullable<RunConfigurationInput["classWeights"]>;

/** Images are trained on as they are. */
export const NO_AUGMENTATION: Augmentation = defaultsOf(RUN_SETTINGS.settings.augmentation);
