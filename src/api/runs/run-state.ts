import { registerEnumType } from "type-graphql";
import { RunState } from "../../core/enumerations.js";

registerEnumType(RunState, {
  name: "RunState",
  description:
    "Where a run is in its life: QUEUED, PREPARING, RUNNING, then SUCCEEDED, FAILED or CANCELLED, which are its end " +
    "until somebody extends or retries it.",
  valuesConfig: {
    QUEUED: { description: "Waiting for its turn; see `queuePosition`." },
    PREPARING: { description: "Packing the pictures at the size asked for, and building the network." },
    RUNNING: { description: "Training." },
    PAUSED: {
      description: "Stopped with a checkpoint saved, and its device free: `resumeRun` queues it again.",
    },
    INTERRUPTED: { description: "Its process died; it goes back into the queue by itself." },
    SUCCEEDED: { description: "Ended with a usable checkpoint; `extendRun` trains it further." },
    FAILED: { description: "Ended early; `endReason` says why. What was learnt is kept for `retryRun`." },
    CANCELLED: { description: "Ended on request. What was learnt is kept for `retryRun`." },
  },
});

export { RunState };
