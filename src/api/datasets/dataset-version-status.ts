import { registerEnumType } from "type-graphql";
import { DatasetVersionStatus } from "../../core/enumerations.js";

registerEnumType(DatasetVersionStatus, {
  name: "DatasetVersionStatus",
  description: "Progress of a version's import.",
  valuesConfig: {
    IMPORTING: { description: "Files are still being read. Counts are not final." },
    READY: { description: "The version is complete and immutable. Runs can train on it." },
    FAILED: { description: "The import failed; `failure` says why. The version cannot be used." },
  },
});

export { DatasetVersionStatus };
