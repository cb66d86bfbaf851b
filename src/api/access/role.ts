import { registerEnumType } from "type-graphql";
import { Role } from "../../core/enumerations.js";

registerEnumType(Role, {
  name: "Role",
  description: "What an access token allows. Each role includes the roles below it.",
  valuesConfig: {
    ADMIN: { description: "Creating and revoking access tokens, and everything that EDITOR allows." },
    EDITOR: {
      description:
        "Importing data, training runs, registering and promoting models, and everything that VIEWER " +
        "allows.",
    },
    VIEWER: { description: "Reading, following events and classifying images." },
  },
});

export { Role };
