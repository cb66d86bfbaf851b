import { randomUUID } from "node:crypto";
import { GraphQLError, type GraphQLFormattedError } from "graphql";
import { AppError } from "../../core/app-error.js";
import type { ErrorCode } from "../../core/error-codes.js";
import type { Log } from "../../telemetry/log.js";

const INTERNAL: ErrorCode = "INTERNAL";

/**
 * What a client may see of an error: AppErrors, and those of GraphQL itself, which all have a code.
 * Everything else is a fault of the server: it is logged whole under an id, and the client gets the
 * id alone.
 *
 * @param error as it comes out of execution, wrapped in GraphQLErrors or not
 */
export function clientError(error: unknown, log: Log): GraphQLFormattedError {
  const where = error instanceof GraphQLError ? placeOf(error) : {};
  const [cause, code] = unwrapped(error);
  if (cause instanceof AppError) {
    return { message: cause.message, ...where, extensions: { code: cause.code, inputPath: cause.path } };
  }
  if (cause instanceof GraphQLError && code !== null) {
    return { message: cause.message, ...where, extensions: { code } };
  }
  const id = randomUUID();
  log.error("unexpected error in a request", { id, error: cause });
  return {
    message: `Something went wrong inside the server. Its log has the details under ${id}.`,
    ...where,
    extensions: { code: INTERNAL, id },
  };
}

/** The error that was thrown first, and the outermost code that GraphQL gave it. */
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
