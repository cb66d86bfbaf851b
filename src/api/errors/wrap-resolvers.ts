import { GraphQLError, type GraphQLFieldResolver, type GraphQLSchema, isObjectType } from "graphql";
import { AppError } from "../../core/app-error.js";

type Resolver = GraphQLFieldResolver<unknown, unknown>;

/**
 * Wraps every AppError that a resolver throws in a GraphQLError. The `path` of an AppError is a path inside the input.
 * Without the wrapping, graphql-js would take the error for a located one because it has a `path`, and would not add the
 * path inside the response.
 */
export function wrapResolvers(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith("__")) continue;
    for (const field of Object.values(type.getFields())) {
      if (field.resolve !== undefined) field.resolve = wrapped(field.resolve);
      if (field.subscribe !== undefined) field.subscribe = wrapped(field.subscribe);
    }
  }
}

function wrapped(resolve: Resolver): Resolver {
  return (source, args, context, info) => {
    try {
      const result: unknown = resolve(source, args, context, info);
      return result instanceof Promise ? result.catch(rethrow) : result;
    } catch (error) {
      return rethrow(error);
    }
  };
}

function rethrow(error: unknown): never {
  throw error instanceof AppError ? new GraphQLError(error.message, { originalError: error }) : error;
}
