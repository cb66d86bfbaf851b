import { registerEnumType } from "type-graphql";
import { EngineStatus } from "../../core/enumerations.js";

registerEnumType(EngineStatus, {
  name: "EngineStatus",
  description: "State of the engine that trains runs.",
  valuesConfig: {
    STARTING: { description: "TensorFlow is being loaded for a run." },
    READY: { description: "No run is at work. The first run loads TensorFlow." },
    TRAINING: { description: "A run is being prepared or trained." },
    FAILED: {
      description:
        "TensorFlow could not be loaded, or it stopped working; the server's log says why. The next run loads it again.",
    },
  },
});

export { EngineStatus };
