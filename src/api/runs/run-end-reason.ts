import { registerEnumType } from "type-graphql";
import { RunEndReason } from "../../core/enumerations.js";

registerEnumType(RunEndReason, {
  name: "RunEndReason",
  description: "Why a run ended.",
  valuesConfig: {
    COMPLETED: { description: "All epochs were trained." },
    EARLY_STOPPED: { description: "The monitored metric stopped improving; see `earlyStopping`." },
    CANCELLED: { description: "A user cancelled the run." },
    DIVERGED: { description: "The loss became infinite or not a number. A lower learning rate may help." },
    OUT_OF_MEMORY: { description: "Memory ran out. A smaller batch, image size or network may help." },
    ATTEMPTS_EXHAUSTED: { description: "The process of the run died too often." },
    INVALID_DATA: { description: "The dataset version could not be read." },
    ENGINE_ERROR: { description: "TensorFlow failed; `endDetail` holds its message." },
  },
});

export { RunEndReason };
