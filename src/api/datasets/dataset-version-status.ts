import { registerEnumType } from "type-graphql";
import { DatasetVersionStatus } from "../../core/enumerations.js";

registerEnumType(DatasetVersionStatus, {
  name: "DatasetVersionStatus",
  description: "How far the import of a version is.",
  valuesConfig: {
    IMPORTING: { description: "Files are still being read; counts are not final." },
    READY: { description: "Complete and unchangeable; runs can train on it." },
    FAILED: { description: "The import ended without a usable version; see `failure`." },
  },
});

export { DatasetVersionStatus };
