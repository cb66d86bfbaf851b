import { registerEnumType } from "type-graphql";
import { DeviceKind, EngineStatus } from "../../core/enumerations.js";

registerEnumType(DeviceKind, {
  name: "DeviceKind",
  description: "What kind of processor computes.",
  valuesConfig: {
    CPU: { description: "The machine's main processor." },
    GPU: { description: "A graphics card." },
  },
});

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

export { DeviceKind, EngineStatus };
