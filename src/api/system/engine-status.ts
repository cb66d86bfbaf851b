import { registerEnumType } from "type-graphql";
import { EngineStatus } from "../../core/enumerations.js";

registerEnumType(EngineStatus, {
  name: "EngineStatus",
  description: "What the engine that trains is doing.",
  valuesConfig: {
    STARTING: { description: "TensorFlow is being loaded." },
    READY: { description: "Waiting for a run." },
    TRAINING: { description: "Preparing or training a run." },
    FAILED: { description: "TensorFlow stopped working; the server's log says why." },
  },
});

export { EngineStatus };
