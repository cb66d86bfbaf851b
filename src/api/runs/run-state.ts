import { registerEnumType } from "type-graphql";
import { RunState } from "../../core/enumerations.js";

registerEnumType(RunState, {
  name: "RunState",
  description:
    "State of a run. It goes from QUEUED to PREPARING and RUNNING, and ends as SUCCEEDED, FAILED or " +
    "CANCELLED unless it is extended or retried.",
  valuesConfig: {
    QUEUED: { description: "The run waits for a device; see `queuePosition`." },
    PREPARING: { description: "Images are packed at the configured size, and the network is built." },
    RUNNING: { description: "The run is training." },
    PAUSED: {
      description: "The run has saved a checkpoint and freed its device. `resumeRun` queues it again.",
    },
    INTERRUPTED: { description: "The process of the run died. The run is queued again automatically." },
    SUCCEEDED: { description: "The run ended with a usable checkpoint. `extendRun` trains it further." },
    FAILED: {
      description:
        "The run ended early; `endReason` says why. `retryRun` continues from its last checkpoint.",
    },
    CANCELLED: { description: "The run was cancelled. `retryRun` continues from its last checkpoint." },
  },
});

export { RunState };
