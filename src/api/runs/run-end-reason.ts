import { registerEnumType } from "type-graphql";
import { RunEndReason } from "../../core/enumerations.js";
import { RUN_END_REASONS } from "../../core/runs/state.js";

registerEnumType(RunEndReason, {
  name: "RunEndReason",
  description: "Why a run ended.",
  valuesConfig: RUN_END_REASONS,
});

export { RunEndReason };
