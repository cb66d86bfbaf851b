import type {
  AugmentationInput as AugmentationSettings,
  Initialization as InitializationRecord,
  RunConfiguration as RunConfigurationRecord,
  RunConfigurationInput as RunConfigurationSettings,
} from "../../core/runs/configuration.js";
import { RUN_SETTINGS } from "../../core/settings/run-settings.js";
import { SafeInt } from "../scalars.js";
import { InputTypes } from "./input-types.js";
import { ObjectTypes } from "./object-types.js";
import { addField, type TypeClass } from "./setting-field.js";

/**
 * The GraphQL types of a run's settings. They are made from the table of settings: a setting that is added there appears
 * in the schema with its type, default and description.
 */
const inputs = new InputTypes();
const objects = new ObjectTypes();
const { augmentation, initialization } = RUN_SETTINGS.settings;

export type RunConfigurationInput = RunConfigurationSettings;
export const RunConfigurationInput = inputs.ofGroup({
  ...RUN_SETTINGS,
  description: `${RUN_SETTINGS.description} Null means the same as leaving a setting out.`,
}) as TypeClass<RunConfigurationInput>;

export type AugmentationInput = AugmentationSettings;
export const AugmentationInput = inputs.ofGroup(augmentation) as TypeClass<AugmentationInput>;

/** Names of the inputs of which exactly one field must be given. */
export const ONE_OF_SETTINGS: readonly string[] = [...inputs.oneOf];

export interface RunConfiguration extends RunConfigurationRecord {
  readonly parameterCount: number;
}
export const RunConfiguration = objects.of({
  ...RUN_SETTINGS,
  description: `${RUN_SETTINGS.description} Every default is filled in; only \`extendRun\` changes it.`,
}) as TypeClass<RunConfiguration>;

addField(RunConfiguration, "parameterCount", {
  type: SafeInt,
  description:
    "Size of the network: its weights and moving statistics, counted as Keras does. A whole number of values. Of a run that " +
    "prunes, it is that of the whole network until the channels to remove are chosen in PREPARING.",
  nullable: false,
});

export const Initialization = objects.of(initialization) as TypeClass<InitializationRecord>;
