import { randomUUID } from "node:crypto";
import { GraphQLError, type GraphQLFormattedError } from "graphql";
import { AppError } from "../../core/app-error.js";
import type { Log } from "../../telemetry/log.js";

/**
 * What a client may see of an error. AppErrors and GraphQL's own errors pass; everything else is a
 * fault of the server: it is logged whole under an id, and the client gets the id alone.
 *
 * @param error as it comes out of execution, wrapped in a GraphQLError or not
 */
export function clientError(error: unknown, log: Log): GraphQLFormattedError {
  const cause = error instanceof GraphQLError ? (error.originalError ?? error) : error;
  const where = error instanceof GraphQLError ? placeOf(error) : {};
  if (cause instanceof AppError) {
    return {
      message: cause.message,
      ...where,
      extensions: { code: cause.code, inputPath: cause.path },
    };
  }
  if (cause instanceof GraphQLError) {
    return { message: cause.message, ...where, extensions: { code: cause.extensions.code ?? "BAD_REQUEST" } };
  }
  const id = randomUUID();
  log.error("unexpected error in a request", { id, error: cause });
  return { ...where, ...internalError(id) };
}

/** The answer to a fault of the server, which says nothing but where to look it up. */
export function internalError(id: string): GraphQLFormattedError {
  return {
    message: `Something went wrong inside the server. Its log has the details under ${id}.`,
    extensions: { code: "INTERNAL", id },
  };
}

function placeOf(error: GraphQLError): Pick<GraphQLFormattedError, "locations" | "path"> {
  return {
    ...(error.locations === undefined ? {} : { locations: error.locations }),
    ...(error.path === undefined ? {} : { path: error.path }),
  };
}
