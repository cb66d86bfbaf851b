import "reflect-metadata";
import {
  GraphQLInputObjectType,
  type GraphQLSchema,
  lexicographicSortSchema,
  parse,
  print,
  printSchema,
  visit,
} from "graphql";
import { type AuthChecker, buildSchema, type PubSub } from "type-graphql";
import { hasRole } from "../access/caller.js";
import type { Role } from "../core/enumerations.js";
import { ONE_OF_SETTINGS } from "./configuration/run-configuration.js";
import { forbidden } from "./errors/access-errors.js";
import { wrapResolvers } from "./errors/wrap-resolvers.js";
import type { RequestContext } from "./request-context.js";
import { RESOLVERS, type ResolverContainer } from "./resolvers.js";
import { DateTime } from "./scalars.js";

/** Input types that require exactly one field. */
const ONE_OF_INPUTS = ["ImportSourceInput", "ImageInput", ...ONE_OF_SETTINGS];

/** Builds the executable schema. `container` provides a resolver when one of its fields is executed. */
export async function buildApiSchema(container: ResolverContainer): Promise<GraphQLSchema> {
  const schema = await buildSchema({
    resolvers: [...RESOLVERS],
    container,
    authChecker: checkRole,
    scalarsMap: [{ type: Date, scalar: DateTime }],
    // GraphQL and the domains validate inputs; class-validator is not used.
    validate: false,
    pubSub: NO_PUB_SUB,
  });
  wrapResolvers(schema);
  markOneOf(schema);
  describeRoots(schema);
  return schema;
}

/** Returns the schema as sorted SDL, the content of `schema.graphql`. It is the same on every machine. */
export async function emitSchema(): Promise<string> {
  const schema = await buildApiSchema({
    get() {
      throw new Error("This schema is only printed, so it has no resolvers.");
    },
  });
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}

/**
 * Returns the schema without descriptions, the content of `schema.released.graphql` after a release. Later schemas must
 * stay compatible with it.
 */
export async function emitReleasedSchema(): Promise<string> {
  const document = visit(parse(await emitSchema()), {
    enter: (node) => ("description" in node ? { ...node, description: undefined } : undefined),
  });
  return `${print(document)}\n`;
}

/** Marks the types as @oneOf, which type-graphql 2.0 does not support. graphql-js enforces and prints it. */
function markOneOf(schema: GraphQLSchema): void {
  for (const name of ONE_OF_INPUTS) {
    const type = schema.getType(name);
    if (!(type instanceof GraphQLInputObjectType)) throw new Error(`The schema has no input ${name}.`);
    type.isOneOf = true;
  }
}

function describeRoots(schema: GraphQLSchema): void {
  const descriptions = new Map([
    [schema.getQueryType(), "Reads data. Needs the role VIEWER unless a field says otherwise."],
    [
      schema.getMutationType(),
      "Changes data. Expected errors are returned as `userErrors`; then nothing was changed.",
    ],
    [
      schema.getSubscriptionType(),
      "Follows events as they happen, over WebSocket (graphql-ws). Needs the role VIEWER.",
    ],
  ]);
  for (const [type, description] of descriptions) if (type) type.description = description;
}

const checkRole: AuthChecker<RequestContext, Role> = ({ context: { caller } }, roles) => {
  const missing = roles.find((role) => !hasRole(caller, role));
  if (missing !== undefined) throw forbidden(missing, caller.role);
  return true;
};

/** type-graphql requires a PubSub although every subscription has its own source. */
const NO_PUB_SUB: PubSub = {
  publish() {
    throw new Error("Events are read from the database, never published here.");
  },
  subscribe() {
    throw new Error("Events are read from the database, never published here.");
  },
};
