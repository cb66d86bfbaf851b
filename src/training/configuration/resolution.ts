import type { RunConfiguration, RunConfigurationInput } from "../../core/runs/configuration.js";
import { resolveSettings } from "../../core/settings/resolution.js";
import { RUN_SETTINGS } from "../../core/settings/run-settings.js";
import { publishedFile } from "../../graph/architectures/pretrained-files.js";
import { applyArchitecture } from "./architecture-settings.js";

/**
 * The configuration with every default filled in and every value checked. `classWeights` and `initialization` depend
 * on the dataset and on other models, so they are as if nothing was given: launching decides them. Paths in errors are
 * below the launch's input: `["configuration", "optimizer", "adam", "beta1"]`.
 *
 * @throws AppError `CONFIGURATION_INVALID` for the first value that a setting does not take, or that does not apply to
 *   the architecture
 */
export function resolveConfiguration(input: RunConfigurationInput): RunConfiguration {
  const resolved = applyArchitecture(resolveSettings(RUN_SETTINGS, input, ["configuration"]), input);
  const pretrained = input.initialization?.pretrained ?? null;
  if (pretrained === null || input.preprocessing != null) return resolved;
  return {
    ...resolved,
    preprocessing: publishedFile(pretrained, resolved)?.preprocessing ?? resolved.preprocessing,
  };
}
