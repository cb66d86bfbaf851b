const { ValidationError } = require("graphql-schema-linter");

/** The description of a field that may be null says what null means. */
function NullableFieldsExplainNull(context) {
  return {
    FieldDefinition(node, _key, _parent, _path, ancestors) {
      const isNullable = node.type.kind !== "NonNullType";
      if (!isNullable || /\bnull\b/i.test(node.description?.value ?? "")) return;
      const field = `${ancestors.at(-1).name.value}.${node.name.value}`;
      const message = `The description of \`${field}\` does not say what null means.`;
      context.reportError(new ValidationError("nullable-fields-explain-null", message, [node]));
    },
  };
}

// The linter knows a rule by the name of its function.
module.exports = { NullableFieldsExplainNull };
