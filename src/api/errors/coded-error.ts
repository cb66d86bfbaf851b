import { GraphQLError } from "graphql";
import { type ErrorCode, httpStatusOf } from "../../core/error-codes.js";

/** An error of the API itself, for a client to see. Domains throw AppErrors instead. */
export function codedError(code: ErrorCode, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}

/** An error that refuses an operation before it is executed. Apollo takes the HTTP status from `http`. */
export function operationRefused(code: ErrorCode, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code, http: { status: httpStatusOf(code) } } });
}
