const { ValidationError } = require("graphql-schema-linter");

const ARGUMENTS = ["first", "after", "last", "before"];

/** Every connection can be read forward and backward. The linter's own rule accepts one direction. */
function ConnectionsReadBothWays(context) {
  return {
    FieldDefinition(node, _key, _parent, _path, ancestors) {
      const type = node.type.kind === "NonNullType" ? node.type.type : node.type;
      if (type.kind !== "NamedType" || !type.name.value.endsWith("Connection")) return;
      const names = node.arguments.map((argument) => argument.name.value);
      const missing = ARGUMENTS.filter((name) => !names.includes(name));
      if (missing.length === 0) return;
      const field = `${ancestors.at(-1).name.value}.${node.name.value}`;
      const message = `The connection \`${field}\` lacks the arguments ${missing.join(", ")}.`;
      context.reportError(new ValidationError("connections-read-both-ways", message, [node]));
    },
  };
}

// The linter knows a rule by the name of its function.
module.exports = { ConnectionsReadBothWays };
