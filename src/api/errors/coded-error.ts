import { GraphQLError } from "graphql";
import { type ErrorCode, httpStatusOf } from "../../core/error-codes.js";

/** Creates an error of the API itself that clients see. Domains throw AppErrors instead. */
export function codedError(code: ErrorCode, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}

/** Creates an error that refuses an operation before its execution. Apollo takes the HTTP status from `http`. */
export function operationRefused(code: ErrorCode, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code, http: { status: httpStatusOf(code) } } });
}
