import type { ErrorRequestHandler, Response } from "express";
import type { GraphQLFormattedError } from "graphql";
import { AppError } from "../../core/app-error.js";
import { type ErrorCode, httpStatusOf } from "../../core/error-codes.js";
import type { Log } from "../../telemetry/log.js";
import { clientError } from "../errors/graphql-errors.js";

/** Errors for the types of errors that body-parser throws. */
const BODY_ERRORS: ReadonlyMap<string, { readonly code: ErrorCode; readonly message: string }> = new Map([
  [
    "entity.parse.failed",
    { code: "JSON_INVALID", message: "The body must be JSON, but it could not be parsed." },
  ],
  ["entity.too.large", { code: "BODY_TOO_LARGE", message: "The body is larger than this server accepts." }],
  [
    "encoding.unsupported",
    { code: "CONTENT_TYPE_UNSUPPORTED", message: "The Content-Encoding of the body is not supported." },
  ],
  ["charset.unsupported", { code: "CONTENT_TYPE_UNSUPPORTED", message: "The body must be UTF-8." }],
]);

/** Sends errors in the format of GraphQL, which all routes share, so that clients need one way to read them. */
export function sendErrors(response: Response, status: number, ...errors: GraphQLFormattedError[]): void {
  response.status(status).json({ errors });
}

/** Sends one error with the HTTP status of its code. */
export function sendError(response: Response, code: ErrorCode, message: string): void {
  sendErrors(response, httpStatusOf(code), { message, extensions: { code } });
}

export function sendAppError(response: Response, error: AppError): void {
  sendError(response, error.code, error.message);
}

/** Turns the errors of all routes into JSON responses. Unexpected errors reveal only their id. */
export function jsonErrors(log: Log): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) {
      // The response has begun, so express closes the connection.
      next(error);
      return;
    }
    const expected = error instanceof AppError ? error : requestError(error);
    if (expected !== null) {
      sendAppError(response, expected);
      return;
    }
    if (response.destroyed) return; // The client has closed the connection.
    sendErrors(response, httpStatusOf("INTERNAL"), clientError(error, log));
  };
}

/** Errors of express and body-parser about the request, such as a damaged body or path; their status is below 500. */
function requestError(error: unknown): AppError | null {
  if (!(error instanceof Error)) return null;
  const { type, status } = error as { readonly type?: unknown; readonly status?: unknown };
  const known = typeof type === "string" ? BODY_ERRORS.get(type) : undefined;
  if (known !== undefined) return new AppError(known.code, known.message);
  if (typeof status !== "number" || status < 400 || status >= 500) return null;
  return new AppError("BAD_REQUEST", `The request cannot be read: ${error.message}.`);
}
