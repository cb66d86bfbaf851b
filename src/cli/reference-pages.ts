import { configurationReference } from "../core/environment/reference.js";
import { errorReference } from "../core/error-reference.js";
import { metricsReference } from "../core/metrics/reference.js";
import { settingsReference } from "../core/settings/reference.js";

/** Pages of documentation that are generated from tables of the code, by their file in the project. */
export const REFERENCE_PAGES: Readonly<Record<string, () => string>> = {
  "docs/configuration.md": configurationReference,
  "docs/errors.md": errorReference,
  "docs/metrics.md": metricsReference,
  "docs/settings.md": settingsReference,
};
