import type { ErrorRequestHandler, Response } from "express";
import type { GraphQLFormattedError } from "graphql";
import { AppError } from "../../core/app-error.js";
import { type ErrorCode, httpStatusOf } from "../../core/error-codes.js";
import type { Log } from "../../telemetry/log.js";
import { clientError } from "../errors/graphql-errors.js";

/** What body-parser says of a body it could not read. */
const BODY_ERRORS: Record<string, { readonly code: ErrorCode; readonly message: string }> = {
  "entity.parse.failed": {
    code: "JSON_INVALID",
    message: "The body must be JSON and could not be read as such.",
  },
  "entity.too.large": { code: "BODY_TOO_LARGE", message: "The body is larger than this server accepts." },
  "encoding.unsupported": {
    code: "CONTENT_TYPE_UNSUPPORTED",
    message: "The body's Content-Encoding is not known here.",
  },
  "charset.unsupported": { code: "CONTENT_TYPE_UNSUPPORTED", message: "The body must be UTF-8." },
};

/** All routes answer errors as GraphQL does, so that a client needs one way to read them. */
export function sendErrors(response: Response, status: number, ...errors: GraphQLFormattedError[]): void {
  response.status(status).json({ errors });
}

/** One error, with the HTTP status of its code. */
export function sendError(response: Response, code: ErrorCode, message: string): void {
  sendErrors(response, httpStatusOf(code), { message, extensions: { code } });
}

export function sendAppError(response: Response, error: AppError): void {
  sendError(response, error.code, error.message);
}

/** Turns what any route threw into a JSON answer; unexpected errors say nothing but their id. */
export function jsonErrors(log: Log): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      // Too late for an answer: express closes the connection.
      next(error);
      return;
    }
    const expected = error instanceof AppError ? error : bodyError(error);
    if (expected !== null) {
      sendAppError(response, expected);
      return;
    }
    if (request.destroyed) return; // The client has gone.
    sendErrors(response, httpStatusOf("INTERNAL"), clientError(error, log));
  };
}

function bodyError(error: unknown): AppError | null {
  if (!(error instanceof Error) || !("type" in error) || typeof error.type !== "string") return null;
  const known = BODY_ERRORS[error.type];
  return known === undefined ? null : new AppError(known.code, known.message);
}
