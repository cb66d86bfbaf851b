import { registerEnumType } from "type-graphql";
import { Role } from "../../core/enumerations.js";

registerEnumType(Role, {
  name: "Role",
  description: "What an access token allows; each role includes the ones below it.",
  valuesConfig: {
    ADMIN: { description: "Everything, and making and revoking access tokens." },
    EDITOR: { description: "Reading, and importing data, training runs, registering and promoting models." },
    VIEWER: { description: "Reading, following events and classifying pictures." },
  },
});

export { Role };
