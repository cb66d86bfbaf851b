import { registerEnumType } from "type-graphql";
import { ExportState } from "../../core/enumerations.js";
import { EXPORT_STATES } from "../../core/exports/state.js";

registerEnumType(ExportState, {
  name: "ExportState",
  description: "State of an export. It goes from QUEUED to RUNNING, and ends as one of the others.",
  valuesConfig: EXPORT_STATES,
});

export { ExportState };
