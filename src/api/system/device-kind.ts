import { registerEnumType } from "type-graphql";
import { DeviceKind } from "../../core/enumerations.js";

registerEnumType(DeviceKind, {
  name: "DeviceKind",
  description: "Kind of a processor.",
  valuesConfig: {
    CPU: { description: "The main processor of the machine." },
    GPU: { description: "A graphics processor." },
  },
});

export { DeviceKind };
