import { registerEnumType } from "type-graphql";
import { RunEndReason } from "../../core/enumerations.js";

registerEnumType(RunEndReason, {
  name: "RunEndReason",
  description: "Why a run ended.",
  valuesConfig: {
    COMPLETED: { description: "All epochs were trained." },
    EARLY_STOPPED: { description: "The monitored metric stopped getting better; see `earlyStopping`." },
    CANCELLED: { description: "Somebody cancelled it." },
    DIVERGED: { description: "The loss became infinite or not a number. A lower learning rate may help." },
    OUT_OF_MEMORY: { description: "Memory ran out. A smaller batch, picture or network may help." },
    ATTEMPTS_EXHAUSTED: { description: "Its process died too often." },
    INVALID_DATA: { description: "The data set's version could not be read." },
    ENGINE_ERROR: { description: "TensorFlow failed; `endDetail` has its words." },
  },
});

export { RunEndReason };
