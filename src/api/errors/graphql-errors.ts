import { randomUUID } from "node:crypto";
import { GraphQLError, type GraphQLFormattedError } from "graphql";
import { AppError } from "../../core/app-error.js";
import type { ErrorCode } from "../../core/error-codes.js";
import type { Log } from "../../telemetry/log.js";
import { withShortQuotes } from "./quoted-input.js";

const INTERNAL: ErrorCode = "INTERNAL";

/**
 * Returns the part of an error that a client may see. AppErrors and the errors of GraphQL itself have a code and are
 * shown. Any other error is a fault of the server: it is logged under an id, and the client gets only the id.
 *
 * @param error thrown by the execution; it may be wrapped in GraphQLErrors
 */
export function clientError(error: unknown, log: Log): GraphQLFormattedError {
  const where = error instanceof GraphQLError ? placeOf(error) : {};
  const [cause, code] = unwrapped(error);
  if (cause instanceof AppError) {
    return { message: cause.message, ...where, extensions: { code: cause.code, inputPath: cause.path } };
  }
  if (cause instanceof GraphQLError && code !== null) {
    return { message: withShortQuotes(cause.message), ...where, extensions: { code } };
  }
  const id = randomUUID();
  log.error("unexpected error in a request", { id, error: cause });
  return {
    message: `Something went wrong inside the server. Its log has the details under ${id}.`,
    ...where,
    extensions: { code: INTERNAL, id },
  };
}

/** Returns the original error and the outermost code that GraphQL gave it. */
function unwrapped(error: unknown): [cause: unknown, code: string | null] {
  let cause = error;
  let code: string | null = null;
  while (cause instanceof GraphQLError) {
    if (code === null && typeof cause.extensions.code === "string") code = cause.extensions.code;
    if (!cause.originalError) break;
    cause = cause.originalError;
  }
  return [cause, code];
}

function placeOf(error: GraphQLError): Pick<GraphQLFormattedError, "locations" | "path"> {
  return {
    ...(error.locations === undefined ? {} : { locations: error.locations }),
    ...(error.path === undefined ? {} : { path: error.path }),
  };
}
