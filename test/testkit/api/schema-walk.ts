import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from "graphql";

export interface FieldOperation {
  /** Such as "Run.name". */
  readonly field: string;
  readonly kind: "query" | "mutation" | "subscription";
  /** A valid operation that selects the field. */
  readonly document: string;
}

/** Returns an operation for every field of every type that can be reached. */
export function operationsForEveryField(schema: GraphQLSchema): FieldOperation[] {
  const operations: FieldOperation[] = [];
  const visited = new Set<GraphQLObjectType>();
  const roots = [
    ["query", schema.getQueryType()],
    ["mutation", schema.getMutationType()],
    ["subscription", schema.getSubscriptionType()],
  ] as const;
  /** Types to visit, each with the path to it: "node(id: "x") { ... on Run {" and as many braces at the end. */
  const waiting: { type: GraphQLObjectType; kind: FieldOperation["kind"]; before: string; braces: number }[] =
    [];
  for (const [kind, type] of roots) if (type) waiting.push({ type, kind, before: kind, braces: 0 });

  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { type, kind, before, braces } = next;
    if (visited.has(type)) continue;
    visited.add(type);
    for (const field of Object.values(type.getFields())) {
      const opened = `${before} { ${field.name}${argumentsOf(field)}`;
      const named = getNamedType(field.type);
      const leaf = isCompositeType(named) ? " { __typename }" : "";
      operations.push({
        field: `${type.name}.${field.name}`,
        kind,
        document: `${opened}${leaf}${" }".repeat(braces + 1)}`,
      });
      if (isObjectType(named)) {
        waiting.push({ type: named, kind, before: opened, braces: braces + 1 });
      } else if (isCompositeType(named)) {
        for (const possible of schema.getPossibleTypes(named)) {
          const inside = `${opened} { ... on ${possible.name}`;
          waiting.push({ type: possible, kind, before: inside, braces: braces + 2 });
        }
      }
    }
  }
  return operations;
}

function argumentsOf(field: GraphQLField<unknown, unknown>): string {
  const required = field.args.filter((argument: GraphQLArgument) => isRequiredArgument(argument));
  if (required.length === 0) return "";
  return `(${required.map(({ name, type }) => `${name}: ${literalFor(type)}`).join(", ")})`;
}

/** Returns the smallest literal that fits the type. */
function literalFor(type: GraphQLInputType): string {
  if (isNonNullType(type)) return literalFor(type.ofType);
  if (isListType(type)) return "[]";
  if (isEnumType(type)) return type.getValues()[0]?.name ?? "";
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields());
    const needed = type.isOneOf ? fields.slice(0, 1) : fields.filter(isRequiredInputField);
    return `{ ${needed.map((field) => `${field.name}: ${literalFor(field.type)}`).join(", ")} }`;
  }
  return type.name === "Int" || type.name === "Float" || type.name === "SafeInt" ? "1" : '"x"';
}
