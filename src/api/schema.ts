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

/** Inputs of which exactly one field must be given. */
const ONE_OF_INPUTS = ["ImportSourceInput", "ImageInput", ...ONE_OF_SETTINGS];

/** Builds the executable schema; `container` is asked for a resolver when one of its fields runs. */
export async function buildApiSchema(container: ResolverContainer): Promise<GraphQLSchema> {
  const schema = await buildSchema({
    resolvers: [...RESOLVERS],
    container,
    authChecker: checkRole,
    scalarsMap: [{ type: Date, scalar: DateTime }],
    // Input is checked by GraphQL and by the domains, not by class-validator's decorators.
    validate: false,
    pubSub: NO_PUB_SUB,
  });
  wrapResolvers(schema);
  markOneOf(schema);
  describeRoots(schema);
  return schema;
}

/** The schema as sorted SDL, the same on every machine: what `schema.graphql` holds. */
export async function emitSchema(): Promise<string> {
  const schema = await buildApiSchema({
    get() {
      throw new Error("This schema is for printing: it has no resolvers.");
    },
  });
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}

/**
 * The schema without descriptions: what `schema.released.graphql` holds after a release. Later schemas must stay
 * compatible with it.
 */
export async function emitReleasedSchema(): Promise<string> {
  const document = visit(parse(await emitSchema()), {
    enter: (node) => ("description" in node ? { ...node, description: undefined } : undefined),
  });
  return `${print(document)}\n`;
}

/** type-graphql 2.0 knows no @oneOf, which graphql-js enforces and prints once it is set. */
function markOneOf(schema: GraphQLSchema): void {
  for (const name of ONE_OF_INPUTS) {
    const type = schema.getType(name);
    if (!(type instanceof GraphQLInputObjectType)) throw new Error(`The schema has no input ${name}.`);
    type.isOneOf = true;
  }
}

function describeRoots(schema: GraphQLSchema): void {
  const descriptions = new Map([
    [schema.getQueryType(), "What can be read. Needs the role VIEWER unless a field says otherwise."],
    [
      schema.getMutationType(),
      "What can be done. Mistakes of the caller come back as `userErrors`, and then nothing was changed.",
    ],
    [
      schema.getSubscriptionType(),
      "What can be followed as it happens, over graphql-ws. Needs the role VIEWER.",
    ],
  ]);
  for (const [type, description] of descriptions) if (type) type.description = description;
}

const checkRole: AuthChecker<RequestContext, Role> = ({ context: { caller } }, roles) => {
  const missing = roles.find((role) => !hasRole(caller, role));
  if (missing !== undefined) throw forbidden(missing, caller.role);
  return true;
};

/** type-graphql asks for one even where every subscription brings its own source. */
const NO_PUB_SUB: PubSub = {
  publish() {
    throw new Error("Events are read from the database, never published here.");
  },
  subscribe() {
    throw new Error("Events are read from the database, never published here.");
  },
};
