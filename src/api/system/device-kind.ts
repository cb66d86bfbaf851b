import { registerEnumType } from "type-graphql";
import { DeviceKind } from "../../core/enumerations.js";

registerEnumType(DeviceKind, {
  name: "DeviceKind",
  description: "What kind of processor computes.",
  valuesConfig: {
    CPU: { description: "The machine's main processor." },
    GPU: { description: "A graphics card." },
  },
});

export { DeviceKind };
