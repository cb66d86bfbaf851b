import { registerEnumType } from "type-graphql";
import { RunState } from "../../core/enumerations.js";
import { RUN_STATES } from "../../core/runs/state.js";

registerEnumType(RunState, {
  name: "RunState",
  description:
    "State of a run. It goes from QUEUED to PREPARING and RUNNING, and ends as SUCCEEDED, FAILED or " +
    "CANCELLED unless it is extended or retried.",
  valuesConfig: RUN_STATES,
});

export { RunState };
