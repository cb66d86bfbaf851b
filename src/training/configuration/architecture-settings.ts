import { AppError } from "../../core/app-error.js";
import type { RunConfiguration, RunConfigurationInput } from "../../core/runs/configuration.js";
import { ARCHITECTURES } from "../../graph/architectures/registry.js";

/**
 * Takes the architecture's defaults for settings that are not given, and checks the settings that it restricts.
 *
 * @param configuration the settings with the defaults of their table
 * @param given the settings as they were asked for
 * @throws AppError `CONFIGURATION_INVALID` for a setting that does not apply to the architecture
 */
export function applyArchitecture(
  configuration: RunConfiguration,
  given: Pick<RunConfigurationInput, "batchNormalization" | "head">,
): RunConfiguration {
  const { defaults } = ARCHITECTURES[configuration.architecture];
  const { head } = configuration;
  const applied: RunConfiguration = {
    ...configuration,
    batchNormalization:
      given.batchNormalization ?? defaults.batchNormalization ?? configuration.batchNormalization,
    head: {
      ...head,
      kind: given.head?.kind ?? defaults.head?.kind ?? head.kind,
      dropout: given.head?.dropout ?? defaults.head?.dropout ?? head.dropout,
    },
  };
  checkApplies(applied);
  return applied;
}

function checkApplies(configuration: RunConfiguration): void {
  const { architecture, batchNormalization, head, imageSizePixels, frozenBlocks } = configuration;
  const definition = ARCHITECTURES[architecture];
  const { heads, minImageSizePixels, stageCount } = definition;
  if (definition.batchNormalization === "always" && !batchNormalization) {
    throw invalid(["batchNormalization"], `true, or left out, for ${architecture}`, batchNormalization);
  }
  if (!heads.includes(head.kind)) {
    throw invalid(["head", "kind"], `${heads.join(" or ")} for ${architecture}`, head.kind);
  }
  if (imageSizePixels < minImageSizePixels) {
    throw invalid(["imageSizePixels"], `at least ${minImageSizePixels} for ${architecture}`, imageSizePixels);
  }
  if (frozenBlocks > stageCount) {
    throw invalid(["frozenBlocks"], `at most ${stageCount}, the stages of ${architecture}`, frozenBlocks);
  }
}

function invalid(field: readonly string[], accepted: string, received: unknown): AppError {
  return new AppError(
    "CONFIGURATION_INVALID",
    `${field.join(".")} must be ${accepted}. Received ${JSON.stringify(received)}.`,
    { path: ["configuration", ...field] },
  );
}
