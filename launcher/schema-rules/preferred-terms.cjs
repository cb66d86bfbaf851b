const { ValidationError } = require("graphql-schema-linter");

/** Words that descriptions do not use, and the project's term for each. */
const TERMS = [
  [/\bpictures?\b/i, "image"],
  [/\bdata sets?\b/i, "dataset"],
  [/\boptimis/i, "optimizer, optimize"],
  [/\bnormalis/i, "normalization, normalize"],
  [/\bcolour/i, "color"],
  [/\bgrey\b/i, "gray"],
];

/** Descriptions use one term per thing, in American spelling. */
function PreferredTerms(context) {
  const check = (node) => {
    for (const [word, term] of TERMS) {
      const found = word.exec(node.description?.value ?? "");
      if (found === null) continue;
      const message = `The description of \`${node.name.value}\` says "${found[0]}" instead of "${term}".`;
      context.reportError(new ValidationError("preferred-terms", message, [node]));
    }
  };
  return {
    EnumTypeDefinition: check,
    EnumValueDefinition: check,
    FieldDefinition: check,
    InputObjectTypeDefinition: check,
    InputValueDefinition: check,
    InterfaceTypeDefinition: check,
    ObjectTypeDefinition: check,
    ScalarTypeDefinition: check,
    UnionTypeDefinition: check,
  };
}

// The linter knows a rule by the name of its function.
module.exports = { PreferredTerms };
